// The dashboard at /: a single page whose addresses are all answered with the same index.html, and its files.
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import { SeedError } from '../../protocol/errors.ts';
import { isOwnPath } from '../http/base-path.ts';
import { methodNotAllowed } from '../http/errors.ts';
import type { HttpEnv } from '../http/http-types.ts';
import { prefixIn } from '../http/request-headers.ts';
import { answerFile, weightsIn } from './answer-file.ts';
import { hashOf, type WebFile, type WebFiles } from './web-files.ts';

/** No inline script or style, nothing from elsewhere, in nobody's frame. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

/** To be mounted after all else. @param files null: the dashboard is not built */
export function dashboardRoutes(files: WebFiles | null): Hono<HttpEnv> {
  const index = files?.get('/index.html');
  const app = new Hono<HttpEnv>();
  app.all('*', (c, next) => {
    const { path, method } = c.req;
    const file = files?.get(path);
    if (method !== 'GET' && method !== 'HEAD') {
      if (file || isPage(c)) throw methodNotAllowed(c, ['GET']);
      return next();
    }
    if (file) return answerFile(c, file, { policy: POLICY, isLasting: path.startsWith('/assets/') });
    if (!isPage(c)) return next();
    if (!index) return tellHowToBuild(c);
    return answerFile(c, pageBelow(index, prefixIn(c)), { policy: POLICY, isLasting: false });
  });
  return app;
}

function isPage(c: Context): boolean {
  return c.req.path === '/' || (!isOwnPath(c.req.path) && acceptsHtml(c.req.header('accept')));
}

/** As it is built, the page names its files from its own folder; it is answered at the address of every page. */
function pageBelow(index: WebFile, prefix: string): WebFile {
  if (prefix === '') return index;
  const content = Buffer.from(index.content.toString().replaceAll(`="/`, `="${prefix}/`));
  return { type: index.type, hash: hashOf(content), content, encoded: {} };
}

/** Whether a page is asked for, as by a browser that opens an address; programs that take anything are none. */
function acceptsHtml(header: string | undefined): boolean {
  return (weightsIn(header).get('text/html') ?? 0) > 0;
}

const NOT_BUILT = 'the dashboard is not built';
const HOW_TO_BUILD =
  'Start the server with "npm start", which builds it, or run "npx vite build web" in the folder of Seed first.';

/** All else works without it. */
function tellHowToBuild(c: Context): Response | Promise<Response> {
  if (!acceptsHtml(c.req.header('accept'))) {
    throw new SeedError('not_found', NOT_BUILT, { hint: HOW_TO_BUILD });
  }
  c.header('Content-Security-Policy', POLICY);
  c.header('Cache-Control', 'no-store');
  const page = html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Seed</title></head>
<body>
<h1>Seed is running, but ${NOT_BUILT}</h1>
<p>${HOW_TO_BUILD}</p>
<p>The API works all the same: see <a href="${prefixIn(c)}/docs">${prefixIn(c)}/docs</a>.</p>
</body></html>`;
  return c.html(page, 404);
}
