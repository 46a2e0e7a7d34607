// A server that stops takes nothing new: what still comes over a kept connection is told to come again, which then reaches
// another server or this one's successor.
import type { MiddlewareHandler } from 'hono';
import { SeedError } from '../../protocol/errors.ts';
import type { HttpEnv } from './http-types.ts';

const RETRY_AFTER_SECONDS = 1;

/** Every request is refused with 503 `unavailable`, but for /healthz: the process lives. */
export function refuseWhileStopping(stopping: AbortSignal): MiddlewareHandler<HttpEnv> {
  return (c, next) => {
    // A call that MCP makes within the server belongs to a request that was there before.
    const isNew = c.env.outgoing !== undefined;
    if (!stopping.aborted || !isNew || c.req.path === '/healthz') return next();
    throw new SeedError('unavailable', 'the server is stopping', {
      hint: 'Nothing was done. Send it again.',
      retryAfterSeconds: RETRY_AFTER_SECONDS,
    });
  };
}
