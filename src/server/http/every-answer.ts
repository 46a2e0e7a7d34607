// The headers of every answer: the request's id, and hono's secure headers, of which answers that are data need only some.
// They go to Node as they are: to set a dozen of them on each Response takes longer than all else that hono does for a request.
import { randomUUID } from 'node:crypto';
import { Hono } from 'hono';
import { createMiddleware } from 'hono/factory';
import { secureHeaders } from 'hono/secure-headers';
import type { HttpEnv } from './http-types.ts';

const DATA = /^\/(?:api|llm|runner|mcp)(?:\/|$)/;
/** What no browser shows as a page needs no more: it is never taken for one, nor for something to embed, nor asked for in the clear. */
const OF_DATA = ['x-content-type-options', 'cross-origin-resource-policy', 'strict-transport-security'];

export async function headEveryAnswer() {
  const bare = new Hono().use(secureHeaders()).get('/', (c) => c.body(null));
  const ofPages = [...(await bare.request('/')).headers];
  const ofData = ofPages.filter(([name]) => OF_DATA.includes(name));
  return createMiddleware<HttpEnv>(async (c, next) => {
    const requestId = randomUUID();
    c.set('requestId', requestId);
    const { outgoing } = c.env;
    outgoing?.setHeader('X-Request-Id', requestId);
    for (const [name, value] of DATA.test(c.req.path) ? ofData : ofPages) outgoing?.setHeader(name, value);
    await next();
    await endOfTurn();
  });
}

let turnEnds: Promise<void> | null = null;

/** So that the answers of one turn of the event loop are sent one behind the other: waking who reads them costs more than to send them. */
function endOfTurn(): Promise<void> {
  turnEnds ??= new Promise((resolve) => {
    setImmediate(() => {
      turnEnds = null;
      resolve();
    });
  });
  return turnEnds;
}
