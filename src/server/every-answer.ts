// The headers of every answer: the request's id, and hono's secure headers. They go to Node as they are: to set a dozen of them
// on each Response takes longer than all else that hono does for a request.
import { randomUUID } from 'node:crypto';
import { Hono } from 'hono';
import { createMiddleware } from 'hono/factory';
import { secureHeaders } from 'hono/secure-headers';
import type { HttpEnv } from './http-types.ts';

export async function headEveryAnswer() {
  const bare = new Hono().use(secureHeaders()).get('/', (c) => c.body(null));
  const fixed = [...(await bare.request('/')).headers];
  return createMiddleware<HttpEnv>(async (c, next) => {
    const requestId = randomUUID();
    c.set('requestId', requestId);
    const { outgoing } = c.env;
    outgoing?.setHeader('X-Request-Id', requestId);
    for (const [name, value] of fixed) outgoing?.setHeader(name, value);
    await next();
  });
}
