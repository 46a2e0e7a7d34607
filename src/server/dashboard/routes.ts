// The dashboard at /: a single page whose addresses are all answered with the same index.html, and its files.
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import { SeedError } from '../../protocol/errors.ts';
import { isOwnPath } from '../http/base-path.ts';
import { methodNotAllowed } from '../http/errors.ts';
import type { HttpEnv } from '../http/http-types.ts';
import { prefixIn } from '../http/request-headers.ts';
import { ENCODINGS, type Encoding, hashOf, type WebFile, type WebFiles } from './web-files.ts';

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
    if (file) return answer(c, file, path.startsWith('/assets/'));
    if (!isPage(c)) return next();
    return index ? answer(c, pageBelow(index, prefixIn(c)), false) : tellHowToBuild(c);
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

/** @param isLasting its name changes with its content */
function answer(c: Context, file: WebFile, isLasting: boolean): Response {
  const encoding = acceptedEncoding(c.req.header('accept-encoding'), Object.keys(file.encoded) as Encoding[]);
  const etag = `"${file.hash}${encoding === null ? '' : `-${encoding}`}"`;
  c.header('Content-Security-Policy', POLICY);
  c.header('Cache-Control', isLasting ? 'public, max-age=31536000, immutable' : 'no-cache');
  c.header('ETag', etag);
  c.header('Vary', 'Accept-Encoding');
  if (matches(c.req.header('if-none-match'), etag)) return c.body(null, 304);
  if (encoding !== null) c.header('Content-Encoding', encoding);
  const body = (encoding !== null && file.encoded[encoding]) || file.content;
  c.header('Content-Type', file.type);
  c.header('Content-Length', String(body.length));
  return c.body(body);
}

/** Whether the client has it, by its If-None-Match header (RFC 9110, section 13.1.2). */
function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  const tags = ifNoneMatch?.split(',').map((tag) => tag.trim().replace(/^W\//, '')) ?? [];
  return tags.includes(etag) || tags.includes('*');
}

/** The smallest that the client takes; null: as it is. */
function acceptedEncoding(header: string | undefined, offered: readonly Encoding[]): Encoding | null {
  const weights = weightsIn(header);
  const takes = (encoding: Encoding) => (weights.get(encoding) ?? weights.get('*') ?? 0) > 0;
  return ENCODINGS.find((encoding) => offered.includes(encoding) && takes(encoding)) ?? null;
}

/** Whether a page is asked for, as by a browser that opens an address; programs that take anything are none. */
function acceptsHtml(header: string | undefined): boolean {
  return (weightsIn(header).get('text/html') ?? 0) > 0;
}

/** What a client takes, by its Accept or Accept-Encoding header (RFC 9110, section 12.5). */
function weightsIn(header = ''): Map<string, number> {
  return new Map(
    header.split(',').map((part) => {
      const [name = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase());
      const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
      return [name, weight === undefined ? 1 : Number(weight)];
    }),
  );
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
