// Whatever a route throws becomes the error body with its status; what nobody foresaw is logged and told as `internal`.
import type { Context } from 'hono';
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
    if (known.status === 401) c.header('WWW-Authenticate', c.get('challenge') ?? 'Bearer realm="seed"');
    const retryAfter = known.retryAfterSeconds ?? (isPassing(known) ? RETRY_AFTER_SECONDS : null);
    if (retryAfter !== null) c.header('Retry-After', String(retryAfter));
    return c.json(known.toBody(requestId), known.status as ContentfulStatusCode);
  };
}

function isPassing({ status, code }: SeedError): boolean {
  return status === 429 || code === 'unavailable' || code === 'storage_full';
}

function unforeseen(cause: Error): SeedError {
  return new SeedError('internal', 'something went wrong inside Seed', {
    hint: 'Try again; if it stays, report the requestId, under which the log has the cause.',
    cause,
  });
}
