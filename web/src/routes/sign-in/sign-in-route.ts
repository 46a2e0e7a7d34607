// /sign-in?to=/where/one/was&because=key_revoked
import { createRoute, lazyRouteComponent } from '@tanstack/react-router';
import { isOwnPath } from '../../../../src/lib/own-path.ts';
import { ERROR_STATUS, type ErrorCode } from '../../../../src/protocol/errors.ts';
import { SIGN_IN_PROBLEMS, type SignInProblem } from '../../../../src/protocol/sign-in.ts';
import { waysQuery } from '../../api/ways.ts';
import { rootRoute } from '../../shell/shell.tsx';

interface SignInSearch {
  /** A path of this page, to go to afterwards. */
  to?: string | undefined;
  /** Why the session before ended. */
  because?: ErrorCode | undefined;
  /** Why signing in at the provider came to nothing; the server leads here with it. */
  problem?: SignInProblem | undefined;
  /** The request that it came to nothing in. */
  request?: string | undefined;
  /** Whether one has just signed out, and may still be signed in at the provider. */
  out?: true | undefined;
}

export const signInRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/sign-in',
  // Named although undefined: what is left out would stay as it was sent.
  validateSearch: ({ to, because, problem, request, out }: Record<string, unknown>): SignInSearch => ({
    to: isOwnPath(to) ? to : undefined,
    because: isErrorCode(because) ? because : undefined,
    problem: isErrorCode(problem) || isOnTheWay(problem) ? problem : undefined,
    request: typeof request === 'string' && /^[\w-]{1,64}$/.test(request) ? request : undefined,
    out: out === true ? true : undefined,
  }),
  // Asked before the page shows, so that nothing on it moves; without an answer it shows all the same.
  loader: ({ context }) => context.queryClient.ensureQueryData(waysQuery),
  component: lazyRouteComponent(() => import('./sign-in.tsx'), 'SignIn'),
});

const isErrorCode = (text: unknown): text is ErrorCode =>
  typeof text === 'string' && Object.hasOwn(ERROR_STATUS, text);
const isOnTheWay = (text: unknown): text is SignInProblem => SIGN_IN_PROBLEMS.some((problem) => problem === text);
