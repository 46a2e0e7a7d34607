// How errors are answered: whatever a route throws becomes the error body with its status, and a method that a
// path does not have is answered with 405. Called by app.ts and by routes.
import type { Context, Hono } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { Logger } from 'pino';
import { SeedError } from '../../protocol/errors.ts';
import type { HttpEnv } from './http-types.ts';

/** For what ends at no known time, such as running tasks. */
const RETRY_AFTER_SECONDS = 5;

export function answerErrors(log: Logger) {
  return (error: Error, c: Context<HttpEnv>): Response => {
    const requestId = c.get('requestId') ?? null;
    const known = error instanceof SeedError ? error : unforeseen(error);
    // A caller that has gone gets no answer, and what that broke is nobody's trouble.
    if (known.status >= 500 && !c.req.raw.signal.aborted) {
      const { code } = known;
      if (known.logged) log.debug({ requestId, code }, known.message);
      else if (known === error) log.warn({ requestId, code }, known.message);
      else log.error({ requestId, code, err: error }, known.message);
    }
    if (known.status === 401) c.header('WWW-Authenticate', challengeOf(c, known));
    const isPassing = known.status === 429 || known.code === 'unavailable' || known.code === 'storage_full';
    const retryAfter = known.retryAfterSeconds ?? (isPassing ? RETRY_AFTER_SECONDS : null);
    if (retryAfter !== null) c.header('Retry-After', String(retryAfter));
    return c.json(known.toBody(requestId), known.status as ContentfulStatusCode);
  };
}

/** RFC 6750, section 3: a client that is told so gets another token. */
function challengeOf(c: Context<HttpEnv>, { code }: SeedError): string {
  const challenge = c.get('challenge') ?? 'Bearer realm="seed"';
  return code === 'invalid_token' || code === 'token_expired' ? `${challenge}, error="invalid_token"` : challenge;
}

function unforeseen(cause: Error): SeedError {
  return new SeedError('internal', 'something went wrong inside Seed', {
    hint: 'Try again; if it stays, report the requestId, under which the log has the cause.',
    cause,
  });
}

export const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** The methods of the routes at a path. Those of patterns that stand for any path do not count. */
export function methodsAt(app: Hono<HttpEnv>, path: string): string[] {
  return METHODS.filter((method) =>
    app.router.match(method, path)[0].some(([[, route]]) => route.method === method && !route.path.endsWith('*')),
  );
}

/** Sets `Allow`. @returns the error to answer with */
export function methodNotAllowed(c: Context, methods: readonly string[]): SeedError {
  // Whoever answers GET answers HEAD.
  const allowed = methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).join(', ');
  c.header('Allow', allowed);
  return new SeedError('method_not_allowed', `${c.req.method} is not possible here, only ${allowed}`);
}
