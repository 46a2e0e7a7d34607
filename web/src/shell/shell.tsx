// The root of all routes, and below it the parent and the frame of those that need a session.
import { type QueryClient, useQueryClient, useSuspenseQuery } from '@tanstack/react-query';
import {
  createRootRouteWithContext,
  createRoute,
  Link,
  Outlet,
  redirect,
  useRouter,
  useRouterState,
} from '@tanstack/react-router';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { useDefaultModelNote } from '../api/default-model.ts';
import { AnswerError, useConnection } from '../api/request.ts';
import { seedQuery } from '../api/seed.ts';
import { SeedContext } from '../api/use-command.ts';
import { IconButton } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Icon, Logo } from '../ui/icon.tsx';
import { listenToKeys, useShortcut } from '../ui/keyboard.ts';
import { ErrorNotice, SkeletonRows } from '../ui/states.tsx';
import { Toasts } from '../ui/toast.tsx';
import { Navigation } from './navigation.tsx';
import { offeredPages, type Page } from './page.ts';

export const shellRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: 'shell',
  beforeLoad: async ({ context, location }) => {
    try {
      return { seed: await context.queryClient.ensureQueryData(seedQuery) };
    } catch (error) {
      if (!(error instanceof AnswerError) || error.status !== 401) throw error;
      const search = {
        ...(location.href !== '/' && { to: location.href }),
        // Who comes for the first time has not lost anything.
        ...(error.code !== 'not_authenticated' && { because: error.code }),
      };
      throw redirect({ to: '/sign-in', search });
    }
  },
  pendingComponent: () => (
    <main className="mx-auto max-w-3xl pt-16">
      <SkeletonRows rows={6} />
    </main>
  ),
  errorComponent: ({ error, reset }) => (
    <main className="mx-auto max-w-xl p-6">
      <ErrorNotice error={error} retry={reset} />
    </main>
  ),
  component: () => (
    <Shell>
      <Outlet />
    </Shell>
  ),
});

/** The frame of every page, with the shortcuts that work everywhere and the signed-in Seed for all below. */
function Shell({ children }: { children: ReactNode }) {
  const { data: seed } = useSuspenseQuery(seedQuery);
  const { pages } = useRouter().options.context;
  useEffect(listenToKeys, []);
  return (
    <SeedContext value={seed}>
      {offeredPages(pages, seed.may).map((page) => (
        <GoTo key={page.path} page={page} />
      ))}
      <a
        href="#content"
        className="sr-only z-50 rounded-md bg-surface px-4 py-2 focus:not-sr-only focus:absolute focus:top-2 focus:left-2"
      >
        Skip to the content
      </a>
      <div className="flex h-dvh flex-col md:grid md:grid-cols-[15rem_minmax(0,1fr)]">
        <Drawer />
        <aside className="hidden min-h-0 flex-col border-r border-line bg-surface md:flex">
          <Brand className="h-14 px-5" />
          <div className="min-h-0 flex-1">
            <Navigation />
          </div>
        </aside>
        <div className="flex min-h-0 min-w-0 flex-1 flex-col">
          <ConnectionBanner />
          <ModelNotice />
          <main id="content" tabIndex={-1} className="min-h-0 flex-1 overflow-y-auto outline-none">
            {children}
          </main>
        </div>
      </div>
    </SeedContext>
  );
}

function Drawer() {
  const [open, setOpen] = useState(false);
  const path = useRouterState({ select: ({ location }) => location.pathname });
  useEffect(() => {
    if (path) setOpen(false);
  }, [path]);
  return (
    <header className="flex h-12 shrink-0 items-center justify-between border-b border-line bg-surface pr-2 pl-4 md:hidden">
      <Brand />
      <IconButton label="Menu" icon="menu" onClick={() => setOpen(true)} />
      <Dialog title="Seed" position="left" open={open} onClose={() => setOpen(false)}>
        <Navigation onNavigate={() => setOpen(false)} />
      </Dialog>
    </header>
  );
}

function Brand({ className = '' }: { className?: string }) {
  return (
    <Link to="/" className={`flex items-center gap-2.5 text-lg font-semibold ${className}`}>
      <Logo />
      Seed
    </Link>
  );
}

function GoTo({ page }: { page: Page }) {
  const router = useRouter();
  useShortcut(page.keys, page.name, () => void router.navigate({ to: page.path }), { group: 'Go to' });
  return null;
}

/** Says that Seed cannot be reached, until it can; then everything shown is read anew. */
function ConnectionBanner() {
  const connection = useConnection();
  const queryClient = useQueryClient();
  const before = useRef(connection);
  useEffect(() => {
    if (before.current === 'lost' && connection === 'up') void queryClient.invalidateQueries();
    before.current = connection;
  }, [connection, queryClient]);
  return (
    <div role="status">
      {connection === 'lost' && (
        <p className="flex items-center gap-2 border-b border-line bg-warn-soft px-4 py-2 text-warn">
          <Icon name="warning" />
          Seed cannot be reached. What you see may be old; this page tries again by itself.
        </p>
      )}
    </div>
  );
}

function ModelNotice() {
  const note = useDefaultModelNote();
  if (!note) return null;
  return (
    <section
      aria-label="The model"
      className="border-b border-line bg-sunken px-4 py-1.5 text-xs text-pretty text-muted"
    >
      {note}
    </section>
  );
}

export const rootRoute = createRootRouteWithContext<{ queryClient: QueryClient; pages: readonly Page[] }>()({
  component: () => (
    <>
      <Outlet />
      <Toasts />
    </>
  ),
});
