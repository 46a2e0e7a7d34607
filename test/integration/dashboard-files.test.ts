// The dashboard's files over a real socket: addresses of pages, caching, compression, and that nothing else is to
// be had.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type IncomingHttpHeaders, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outcome } from '../fixtures/dashboard-session.ts';
import { startTestServer, type TestServer } from '../fixtures/server.ts';

const INDEX = `<!doctype html><title>Seed</title><script src="/assets/index-4f2a.js"></script>${'<p>text</p>'.repeat(50)}`;
const SCRIPT = 'console.log("seed");\n'.repeat(100);
const SECRET = 'outside of the folder';
const HTML = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

let parent: string;
let server: TestServer;
beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'seed web '));
  const dist = join(parent, 'dist');
  await mkdir(join(dist, 'assets'), { recursive: true });
  await writeFile(join(parent, 'secret.txt'), SECRET);
  await writeFile(join(dist, 'index.html'), INDEX);
  await mkdir(join(dist, '.vite'));
  await writeFile(join(dist, '.vite', 'manifest.json'), SECRET);
  await writeFile(join(dist, 'favicon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
  await writeFile(join(dist, 'assets', 'index-4f2a.js'), SCRIPT);
  await writeFile(join(dist, 'assets', 'style-91bc.css'), 'p{color:red}'.repeat(100));
  await writeFile(join(dist, 'assets', 'logo-77aa.png'), 'a'.repeat(500));
  server = await startTestServer({ webFolder: pathToFileURL(`${dist}/`) });
});
afterAll(async () => {
  await server?.stop();
  await rm(parent, { recursive: true, force: true });
});

interface Got {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** The path goes over the wire as it is written here. */
async function get(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Got> {
  const { hostname, port } = new URL(server.url);
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path, method, headers }, async (response) => {
      const { statusCode: status = 0, headers } = response;
      resolve({ status, headers, body: await buffer(response) });
    });
    sent.on('error', reject).end();
  });
}

describe('addresses of pages', () => {
  it.each(['/', '/tasks', '/tasks/task_5b1c2f0e', '/webhooks?open=1', '/sign-in', '/apis', '/sessions', '/a/b/c'])(
    '%s is the one page',
    async (path) => {
      const { status, headers, body } = await get(path, HTML);
      expect([status, body.toString()]).toEqual([200, INDEX]);
      expect(headers).toMatchObject({
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'no-cache',
        'content-security-policy':
          "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'SAMEORIGIN',
        'referrer-policy': 'no-referrer',
      });
    },
  );

  it.each([
    ['/api', 404],
    ['/api/v1/nothing', 401],
    ['/api/v2/tasks', 404],
    ['/mcp/more', 404],
    ['/llm', 404],
    ['/runner/v2', 404],
    ['/metrics', 404],
    ['/docs/more', 404],
    ['/openapi.json/more', 404],
    ['/cli/other.mjs', 404],
    ['/healthz/more', 404],
    ['/readyz/more', 404],
    ['/session', 401],
    ['/session/more', 404],
    ['/assets/gone-0000.js', 404],
    ['/.well-known/nothing', 404],
  ])('%s is none, and is answered %i as JSON', async (path, status) => {
    const answer = await get(path, HTML);
    expect([answer.status, answer.headers['content-type']]).toEqual([status, 'application/json']);
  });

  it('are for browsers: a program that asks for what is not there is told so', async () => {
    for (const headers of [{}, { accept: '*/*' }, { accept: 'application/json' }, { accept: 'text/html;q=0' }]) {
      expect((await get('/tasks', headers)).status).toBe(404);
      expect((await get('/', headers)).status).toBe(200);
    }
    expect((await get('/tasks', {}, 'POST')).status).toBe(404);
    expect((await get('/tasks', HTML, 'POST')).status).toBe(405);
    expect((await get('/', HTML, 'POST')).status).toBe(405);
  });

  it('need no key, and what stood there before stays', async () => {
    expect((await get('/docs', HTML)).body.toString()).toContain('Seed reference');
    expect(JSON.parse((await get('/healthz', HTML)).body.toString())).toMatchObject({ status: 'ok' });
  });
});

describe('files', () => {
  it.each([
    ['/assets/index-4f2a.js', 'text/javascript; charset=utf-8'],
    ['/assets/style-91bc.css', 'text/css; charset=utf-8'],
    ['/assets/logo-77aa.png', 'image/png'],
  ])('%s is kept for ever', async (path, type) => {
    const { status, headers } = await get(path);
    expect(status).toBe(200);
    expect(headers['content-type']).toBe(type);
    expect(headers['cache-control']).toBe('public, max-age=31536000, immutable');
  });

  it('whose names do not change are asked for again', async () => {
    const { status, headers } = await get('/favicon.svg');
    expect([status, headers['content-type'], headers['cache-control']]).toEqual([
      200,
      'image/svg+xml; charset=utf-8',
      'no-cache',
    ]);
  });

  it.each(['/', '/assets/index-4f2a.js'])('%s is not sent again to whom has it', async (path) => {
    for (const encoding of ['br', 'gzip', 'identity']) {
      const headers = { 'accept-encoding': encoding };
      const { etag = '' } = (await get(path, headers)).headers;
      expect(etag).toMatch(/^"[\w-]+"$/);
      for (const tag of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
        const again = await get(path, { ...headers, 'if-none-match': tag });
        expect([again.status, again.body.length, again.headers.etag]).toEqual([304, 0, etag]);
        expect(again.headers['cache-control']).toBeDefined();
      }
      expect((await get(path, { ...headers, 'if-none-match': '"other"' })).status).toBe(200);
    }
  });

  it.each([
    ['gzip, deflate, br, zstd', 'br'],
    ['gzip', 'gzip'],
    ['br;q=0.1, gzip;q=0.9', 'br'],
    ['br;q=0, gzip', 'gzip'],
    ['BR', 'br'],
    ['*', 'br'],
    ['*, br;q=0', 'gzip'],
    ['*;q=0', undefined],
    ['deflate', undefined],
    ['br;q=nonsense', undefined],
    ['', undefined],
  ])('come for Accept-Encoding "%s" as %s', async (accepted, expected) => {
    for (const [path, text] of [
      ['/', INDEX],
      ['/assets/index-4f2a.js', SCRIPT],
    ] as const) {
      const { headers, body } = await get(path, { 'accept-encoding': accepted });
      expect([headers['content-encoding'], headers.vary]).toEqual([expected, 'Accept-Encoding']);
      expect(Number(headers['content-length'])).toBe(body.length);
      const read = expected === 'br' ? brotliDecompressSync : expected === 'gzip' ? gunzipSync : String;
      expect(String(read(body))).toBe(text);
      if (expected) expect(body.length).toBeLessThan(text.length / 2);
    }
  });

  it('that are packed already come as they are, and so do those that would grow', async () => {
    for (const path of ['/assets/logo-77aa.png', '/favicon.svg'])
      expect((await get(path, { 'accept-encoding': 'br' })).headers['content-encoding']).toBeUndefined();
  });

  it.each(['/', '/tasks', '/assets/index-4f2a.js'])('HEAD %s is GET without the body', async (path) => {
    const headers = { ...HTML, 'accept-encoding': 'br' };
    const [whole, head] = [await get(path, headers), await get(path, headers, 'HEAD')];
    expect([head.status, head.body.length]).toEqual([200, 0]);
    for (const name of ['content-length', 'content-type', 'content-encoding', 'etag', 'cache-control'])
      expect([name, head.headers[name]]).toEqual([name, whole.headers[name]]);
  });
});

it.each([
  '/../secret.txt',
  '/assets/../../secret.txt',
  '/assets/..%2f..%2fsecret.txt',
  '/%2e%2e/secret.txt',
  '/assets/%2e%2e/%2e%2e/secret.txt',
  '/..%5csecret.txt',
  '//secret.txt',
  '/./../secret.txt',
  '/assets/%00/secret.txt',
  '/assets/index-4f2a.js/../../../secret.txt',
  '/.vite/manifest.json',
  '/assets',
  '/assets/',
])('nothing outside of the folder is to be had: %s', async (path) => {
  for (const headers of [{}, HTML]) {
    const { status, body } = await get(path, headers);
    expect(body.toString()).not.toContain(SECRET);
    expect([200, 400, 404]).toContain(status);
    if (status === 200) expect(body.toString()).toBe(INDEX);
  }
});

describe('where the dashboard is not built', () => {
  let without: TestServer;
  beforeAll(async () => {
    without = await startTestServer({ webFolder: pathToFileURL(`${parent}/nothing/`) });
  });
  afterAll(() => without?.stop());

  it.each(['/', '/tasks'])('%s tells a browser how to build it', async (path) => {
    const { status, headers, body } = await without.call('GET', path, { key: null, headers: HTML });
    expect(status).toBe(404);
    expect(headers.get('content-type')).toContain('text/html');
    expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'/);
    expect(body).toContain('vite build web');
  });

  it('tells a program the same, and the API works', async () => {
    const answer = await without.call('GET', '/', { key: null, headers: { accept: 'application/json' } });
    expect(outcome(answer)).toEqual([404, 'not_found']);
    expect(answer.body.error.hint).toContain('vite build web');
    expect((await without.call('GET', '/api/v1/whoami')).status).toBe(200);
  });
});
