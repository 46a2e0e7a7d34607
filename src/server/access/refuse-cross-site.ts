// Which pages may make a browser send requests with a session's cookie: those of this server alone. SameSite=Strict keeps the
// cookie from other sites already; this also holds for other origins of the same site, and for signing in.
import type { Context } from 'hono';
import { SeedError } from '../../protocol/errors.ts';
import type { HttpEnv } from '../http/http-types.ts';
import { publicOrigin } from '../http/public-origin.ts';

/** A page of another origin can send it only with a CORS preflight, which is never answered. */
const HEADER = 'Seed-Dashboard';

/** @throws SeedError cross_site_request */
export function refuseCrossSite(c: Context<HttpEnv>, trustedProxies: readonly string[]): void {
  const isRead = c.req.method === 'GET' || c.req.method === 'HEAD';
  const site = c.req.header('sec-fetch-site');
  // `none`: a person has opened the address, which only ever reads.
  if (site !== undefined && site !== 'same-origin' && !(isRead && site === 'none')) {
    throw crossSite(`the request comes from another page (Sec-Fetch-Site: ${site})`);
  }
  const from = c.req.header('origin');
  const own = publicOrigin(c, trustedProxies);
  if (from !== undefined && from !== own) {
    throw crossSite(
      `the request comes from a page of ${from}, and this is ${own}`,
      'Behind a proxy that ends TLS, put its address into SEED_TRUSTED_PROXIES and let it send X-Forwarded-Proto and Host.',
    );
  }
  if (!isRead && c.req.header(HEADER) !== '1') {
    throw crossSite(
      `the request has no header "${HEADER}: 1"`,
      'Programs present a key in the Authorization header instead of a cookie.',
    );
  }
}

const crossSite = (message: string, hint?: string) =>
  new SeedError('cross_site_request', message, hint === undefined ? {} : { hint });
