// All routes, with the pages in the order of the navigation. A new page is a folder here and an entry in PAGES.
import { QueryClient } from '@tanstack/react-query';
import { createRoute, createRouter, Link, redirect } from '@tanstack/react-router';
import { BASE_PATH } from '../api/base-path.ts';
import { mayPass, onSignedOut } from '../api/request.ts';
import { seedQuery } from '../api/seed.ts';
import { forgetWhoWasHere } from '../api/ways.ts';
import { offeredPages, type Page } from '../shell/page.ts';
import { rootRoute, shellRoute } from '../shell/shell.tsx';
import { EmptyState, ErrorNotice, SkeletonRows } from '../ui/states.tsx';
import { approvalsPage } from './approvals/page.ts';
import { batchesPage } from './batches/page.ts';
import { commandsPage } from './commands/page.ts';
import { keysPage } from './keys/page.ts';
import { modelsPage } from './models/page.ts';
import { sandboxesPage } from './sandboxes/page.ts';
import { schedulesPage } from './schedules/page.ts';
import { signInRoute } from './sign-in/sign-in-route.ts';
import { newTaskPage, tasksPage } from './tasks/page.ts';
import { usagePage } from './usage/page.ts';
import { webhooksPage } from './webhooks/page.ts';

const PAGES = [
  tasksPage,
  newTaskPage,
  batchesPage,
  schedulesPage,
  approvalsPage,
  keysPage,
  webhooksPage,
  usagePage,
  modelsPage,
  sandboxesPage,
  commandsPage,
] as const satisfies readonly Page[];

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: { staleTime: 10_000, retry: (failures, error) => failures < 2 && mayPass(error) },
    mutations: { retry: false },
  },
});

/** `/` leads to the first page that the key is offered. */
const indexRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/',
  beforeLoad: ({ context }) => {
    const [first] = offeredPages(context.pages, context.seed.may);
    if (first) throw redirect({ to: first.path, replace: true });
  },
});

/** Inside the shell: whoever is signed in keeps the navigation. */
const nowhereRoute = createRoute({ getParentRoute: () => shellRoute, path: '$', component: Nowhere });

const routeTree = rootRoute.addChildren([
  signInRoute,
  shellRoute.addChildren([indexRoute, ...PAGES.flatMap((page) => [...page.routes]), nowhereRoute]),
]);

export const router = createRouter({
  routeTree,
  basepath: BASE_PATH === '' ? '/' : BASE_PATH,
  context: { queryClient, pages: PAGES },
  defaultPreload: 'intent',
  defaultPendingComponent: () => <SkeletonRows />,
  defaultErrorComponent: ({ error, reset }) => (
    <div className="p-6">
      <ErrorNotice error={error} retry={reset} />
    </div>
  ),
  defaultNotFoundComponent: Nowhere,
});

/** Whoever was signed in and is so no longer is told why, and comes back to where they were. */
let leaving = false;
onSignedOut(async (why) => {
  if (leaving || !queryClient.getQueryData(seedQuery.queryKey)) return;
  leaving = true;
  await router.navigate({ to: '/sign-in', search: { to: router.state.location.href, because: why.code } });
  forgetWhoWasHere(queryClient);
  leaving = false;
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}

function Nowhere() {
  return (
    <EmptyState
      isPage
      icon="search"
      title="There is nothing here"
      action={
        <Link to="/" className="text-accent underline">
          Go to the first page
        </Link>
      }
    >
      The address may be mistyped, or lead to a page that your key may not see.
    </EmptyState>
  );
}
