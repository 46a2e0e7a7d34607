// The parent of all pages that need a session. Without one the way leads to the sign-in page and back.
import { createRoute, Outlet, redirect } from '@tanstack/react-router';
import { AnswerError } from '../api/request.ts';
import { rootRoute } from '../routes/root-route.tsx';
import { ErrorNotice } from '../ui/states.tsx';
import { seedQuery } from './seed-query.ts';
import { Shell } from './shell.tsx';
import { ShellSkeleton } from './shell-skeleton.tsx';

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
  pendingComponent: ShellSkeleton,
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
