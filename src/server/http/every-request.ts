// Middleware for every request: headers, the line in the log, and that a stopping server takes nothing new.
import { randomUUID } from 'node:crypto';
import { Hono, type MiddlewareHandler } from 'hono';
import { createMiddleware } from 'hono/factory';
import { secureHeaders } from 'hono/secure-headers';
import type { Logger } from 'pino';
import { SeedError } from '../../protocol/errors.ts';
import { type BasePathSettings, prefixOf } from './base-path.ts';
import type { HttpEnv } from './http-types.ts';

const DATA = /^\/(?:api|llm|runner|mcp|door)(?:\/|$)/;
/** What is no page needs no more: it is not taken for one, nor embedded, nor asked for in the clear. */
const OF_DATA = ['x-content-type-options', 'cross-origin-resource-policy', 'strict-transport-security'];

/** Besides the headers sets the request's id, and the prefix of its paths. */
export async function headEveryAnswer(below: BasePathSettings) {
  const bare = new Hono().use(secureHeaders()).get('/', (c) => c.body(null));
  const ofPages = [...(await bare.request('/')).headers];
  const ofData = ofPages.filter(([name]) => OF_DATA.includes(name));
  const turn = new Turn();
  return createMiddleware<HttpEnv>(async (c, next) => {
    const requestId = randomUUID();
    c.set('requestId', requestId);
    c.set('prefix', prefixOf(c.env.incoming, below));
    const { outgoing } = c.env;
    outgoing?.setHeader('X-Request-Id', requestId);
    for (const [name, value] of DATA.test(c.req.path) ? ofData : ofPages) outgoing?.setHeader(name, value);
    await next();
    await turn.over();
  });
}

/**
 * The turn of the event loop in which answers become ready, at whose end they are sent together: waking their
 * readers one by one costs more than sending. Without it half as many are sent (`GET /tasks/{id}` of the bench).
 */
class Turn {
  #over: Promise<void> | null = null;

  /** Resolves at the end of the turn, for all who ask in it. */
  over(): Promise<void> {
    this.#over ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#over = null;
        resolve();
      });
    });
    return this.#over;
  }
}

/** Without what is in a link that decides (approvals/link-routes.ts), also below a prefix that none knows here. */
const loggedPath = (path: string) => path.replace(/\/approve\/.*/, '/approve/…');

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
        path: loggedPath(c.req.path),
        status: c.res.status,
        ms,
        keyId,
      },
      'request',
    );
  });
}

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
