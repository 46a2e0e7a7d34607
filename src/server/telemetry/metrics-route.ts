// GET /metrics, for whoever has the metrics token, and for nobody else: no API key opens it.
import { Hono } from 'hono';
import type { Store } from '../../db/store.ts';
import { sameText } from '../../lib/same-text.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { HttpEnv } from '../http/http-types.ts';
import type { Metrics } from './metrics.ts';

export function metricsRoute(metrics: Metrics, store: Store): Hono<HttpEnv> {
  const app = new Hono<HttpEnv>();
  app.get('/', async (c) => {
    const given = c.req.header('authorization')?.replace(/^bearer +/i, '') ?? '';
    if (!sameText(given, metrics.token)) {
      throw new SeedError('not_authenticated', 'this is not the metrics token', {
        hint: 'Send the header "Authorization: Bearer …" with what SEED_METRICS_TOKEN is on the server.',
      });
    }
    const text = await metrics.scrape(store);
    return c.body(text, 200, { 'Content-Type': metrics.contentType, 'Cache-Control': 'no-store' });
  });
  return app;
}
