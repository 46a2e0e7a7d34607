// GET /docs: the API reference, a library's page that reads /openapi.json. Its files are read when it is first
// opened.
import { readdir, readFile } from 'node:fs/promises';
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import { getMimeType } from 'hono/utils/mime';
import type { Command } from '../../command/define-command.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { HttpEnv } from '../http/http-types.ts';
import { answerFile } from './answer-file.ts';
import { hashOf, type WebFile } from './web-files.ts';

/**
 * Scripts and calls of this server alone. The library writes styles into its page and its elements, and shows what
 * a call answered from memory: the only two things that are let off.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** @param webFolder the built dashboard, in which the page's files lie in `reference/` */
export function referenceRoutes(commands: readonly Command[], webFolder: URL): Hono<HttpEnv> {
  const app = new Hono<HttpEnv>();
  const folder = new URL('reference/', webFolder);
  let names: Promise<readonly string[]> | null = null;
  let made: ReturnType<typeof page> | null = null;
  const files = new Map<string, Promise<WebFile>>();
  app.get('/docs', async (c) => {
    names ??= namesIn(folder);
    c.header('Content-Security-Policy', POLICY);
    c.header('Cache-Control', 'no-cache');
    made ??= page(commands, await names);
    return c.html(made);
  });
  app.get('/docs/assets/:name', async (c) => {
    names ??= namesIn(folder);
    const name = c.req.param('name');
    if (!(await names).includes(name)) throw new SeedError('not_found', `there is nothing at ${c.req.path}`);
    const file = files.get(name) ?? readFileOf(folder, name);
    files.set(name, file);
    return answerFile(c as Context, await file, { policy: POLICY, isLasting: true });
  });
  return app;
}

/** Of the files as they are, without their compressed forms; none where the dashboard is not built. */
async function namesIn(folder: URL): Promise<readonly string[]> {
  const names = await readdir(folder).catch((error) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
  return names.filter((name) => /\.(?:js|css)$/.test(name)).sort();
}

async function readFileOf(folder: URL, name: string): Promise<WebFile> {
  const read = async (end: string) => Buffer.from(await readFile(new URL(name + end, folder)));
  const [content, br, gzip] = await Promise.all([read(''), read('.br'), read('.gz')]);
  const type = getMimeType(name) ?? 'application/octet-stream';
  return { type, hash: hashOf(content), content, encoded: { br, gzip } };
}

/** Its links are relative to its own address, so that it is the same behind a prefix. */
function page(commands: readonly Command[], names: readonly string[]) {
  const styles = names.filter((name) => name.endsWith('.css'));
  const scripts = names.filter((name) => name.endsWith('.js'));
  const isBuilt = names.length > 0;
  return html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>Seed reference</title>
${styles.map((name) => html`<link rel="stylesheet" href="docs/assets/${name}">`)}
${scripts.map((name) => html`<script type="module" src="docs/assets/${name}"></script>`)}
</head>
<body>
${isBuilt ? html`<noscript>${plainList(commands)}</noscript>${EXPLORER}` : html`<main>${plainList(commands)}</main>`}
</body></html>`;
}

const EXPLORER = html`<openapi-explorer hide-server-selection fetch-credentials="same-origin" default-schema-tab="model">
<div slot="overview"><h1>Seed reference</h1></div>
<div slot="overview-footer"><p>The same as <a href="openapi.json">openapi.json</a> (OpenAPI 3.1).</p></div>
<p slot="authentication-footer" id="who">Paste an API key, or sign in to the <a href=".">dashboard</a> and open this page again.</p>
</openapi-explorer>`;

/** For browsers without scripts, and where the page is not built. */
function plainList(commands: readonly Command[]) {
  const ofCommand = ({ name, summary, http }: Command) =>
    html`<h3>${name}</h3><p>${summary}.</p><p><code>${http.replace(' ', ' /api/v1')}</code></p>`;
  return html`<h1>Seed reference</h1>
<p>What there is, without scripts. <a href="openapi.json">openapi.json</a> has the fields of each.</p>
${commands.map(ofCommand)}`;
}
