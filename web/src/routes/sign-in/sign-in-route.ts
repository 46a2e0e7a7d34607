// /sign-in?to=/where/one/was&because=key_revoked
import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { ERROR_STATUS, type ErrorCode } from '../../../../src/protocol/errors.ts';
import { rootRoute } from '../../shell/shell.tsx';

interface SignInSearch {
  /** A path of this page, to go to afterwards. */
  to?: string | undefined;
  /** Why the session before ended. */
  because?: ErrorCode | undefined;
}

export const signInRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/sign-in',
  // Named although undefined: what is left out would stay as it was sent.
  validateSearch: ({ to, because }: Record<string, unknown>): SignInSearch => ({
    to: isOwnPath(to) ? to : undefined,
    because: typeof because === 'string' && because in ERROR_STATUS ? (because as ErrorCode) : undefined,
  }),
  component: lazyRouteComponent(() => import('./sign-in.tsx'), 'SignIn'),
});

/** Not `//elsewhere`, nor what a browser reads as that: a link must not lead away from here. */
function isOwnPath(to: unknown): to is string {
  return typeof to === 'string' && /^\/(?![/\\])/.test(to) && !to.startsWith('/sign-in');
}
