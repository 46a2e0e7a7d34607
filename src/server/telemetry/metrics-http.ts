// Metrics over HTTP: GET /metrics, which the metrics token opens and no API key, and the counting of requests:
// what they asked for at large, what came of them, and which are still being answered. Mounted by app.ts.
import { Hono } from 'hono';
import { createMiddleware } from 'hono/factory';
import { sameText } from '../../lib/same-text.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { HttpEnv } from '../http/http-types.ts';
import type { DatabaseState, Metrics } from './metrics.ts';

const SURFACES = ['api', 'llm', 'runner', 'mcp', 'cli', 'metrics'];

export function metricsRoute(metrics: Metrics, read: () => Promise<DatabaseState>): Hono<HttpEnv> {
  const app = new Hono<HttpEnv>();
  app.get('/', async (c) => {
    const given = c.req.header('authorization')?.replace(/^bearer +/i, '') ?? '';
    if (!sameText(given, metrics.token)) {
      throw new SeedError('not_authenticated', 'this is not the metrics token', {
        hint: 'Send the header "Authorization: Bearer …" with what SEED_METRICS_TOKEN is on the server.',
      });
    }
    const text = await metrics.scrape(read);
    return c.body(text, 200, { 'Content-Type': metrics.contentType, 'Cache-Control': 'no-store' });
  });
  return app;
}

export function watchRequests({ instruments }: Metrics) {
  const { requests, requestSeconds, requestsOpen, errors } = instruments;
  return createMiddleware<HttpEnv>(async (c, next) => {
    const startedAt = performance.now();
    const surface = surfaceOf(c.req.path);
    // A stream goes on after the handlers are done; its end is that of the connection's answer.
    const { outgoing } = c.env;
    if (outgoing) requestsOpen.inc({ surface });
    outgoing?.once('close', () => requestsOpen.dec({ surface }));
    await next();
    requests.inc({ surface, status: c.res.status });
    requestSeconds.observe({ surface }, (performance.now() - startedAt) / 1_000);
    if (c.error) errors.inc({ surface, code: c.error instanceof SeedError ? c.error.code : 'internal' });
  });
}

/** A path can be anything, its surface only one of a few. */
function surfaceOf(path: string): string {
  const [, first = ''] = path.split('/');
  return SURFACES.includes(first) ? first : 'other';
}
