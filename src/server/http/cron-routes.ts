// GET /api/cron/drain: whoever runs the functions asks every minute for what is due and nobody else's request.
// Mounted by app.ts where a function has it.
import { Hono } from 'hono';
import { sameText } from '../../lib/same-text.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { HttpEnv } from './http-types.ts';
import { bearerToken } from './request-headers.ts';

export interface CronNeeds {
  /** CRON_SECRET, which the vendor sends as a bearer token. */
  secret: string;
  /** Does what is due, until the time given at most. @returns whether it came to the end */
  drain(until: Date): Promise<boolean>;
}

const MOST_MS = 60_000;

export function cronRoutes({ secret, drain }: CronNeeds): Hono<HttpEnv> {
  const app = new Hono<HttpEnv>();
  app.get('/drain', async (c) => {
    if (!sameText(bearerToken(c.req.header('authorization')), secret))
      throw new SeedError('not_authenticated', 'this is not the secret of the cron', {
        hint: 'Set CRON_SECRET to the same for the project as a whole.',
      });
    const forMs = Math.min(c.env.deadline?.leftMs() ?? MOST_MS, MOST_MS);
    c.header('Cache-Control', 'no-store');
    return c.json({ drained: await drain(new Date(Date.now() + forMs)) });
  });
  return app;
}
