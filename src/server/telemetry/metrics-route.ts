// GET /metrics, for whoever has the metrics token, and for nobody else: no API key opens it.
import { Hono } from 'hono';
import { SeedError } from '../../protocol/errors.ts';
import type { Store } from '../../store/store.ts';
import type { HttpEnv } from '../http-types.ts';
import { sameText } from '../same-text.ts';
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
