// One log line a request. Only what is listed here is logged: no header, no query, no body, so no secret.
import { createMiddleware } from 'hono/factory';
import type { Logger } from 'pino';
import type { HttpEnv } from './http-types.ts';

const POLLS = /^\/runner\/v1\/(lease|heartbeat)$/;

export function logRequests(log: Logger) {
  return createMiddleware<HttpEnv>(async (c, next) => {
    const startedAt = performance.now();
    await next();
    const ms = Math.round(performance.now() - startedAt);
    const keyId = c.get('actor')?.key.id;
    // Runners ask all the time, and wait: what they ask in vain tells nothing.
    const level = POLLS.test(c.req.path) && c.res.status < 400 ? 'debug' : 'info';
    log[level](
      {
        requestId: c.get('requestId'),
        method: c.req.method,
        path: c.req.path,
        status: c.res.status,
        ms,
        keyId,
      },
      'request',
    );
  });
}
