// A method that a path does not have is answered with 405 and what it has (RFC 9110, section 15.5.6), whatever the route.
import type { Context, Hono } from 'hono';
import { SeedError } from '../../protocol/errors.ts';
import type { HttpEnv } from './http-types.ts';

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** The methods of the routes at a path. Those of patterns that stand for any path do not count. */
export function methodsAt(app: Hono<HttpEnv>, path: string): string[] {
  return METHODS.filter((method) =>
    app.router
      .match(method, path)[0]
      .some(([[, route]]) => route.method === method && !route.path.endsWith('*')),
  );
}

/** Sets `Allow`. @returns the error to answer with */
export function methodNotAllowed(c: Context, methods: readonly string[]): SeedError {
  // Whoever answers GET answers HEAD.
  const allowed = methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).join(', ');
  c.header('Allow', allowed);
  return new SeedError('method_not_allowed', `${c.req.method} is not possible here, only ${allowed}`);
}
