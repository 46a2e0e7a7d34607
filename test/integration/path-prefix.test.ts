// Seed below a path of its host, by both kinds of proxies: every surface, and every link that Seed makes to itself.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSeed } from '../../clients/typescript/src/client.ts';
import { type Approving, SCOPES, startApproving } from '../fixtures/approvals.ts';
import { type Cli, repositoryCli } from '../fixtures/cli-process.ts';
import { OWN_PAGE } from '../fixtures/dashboard-session.ts';
import { connectClient, LEGACY, MODERN } from '../fixtures/mcp-client.ts';
import { testRunner } from '../fixtures/server.ts';
import { startStrippingProxy } from '../fixtures/stripping-proxy.ts';

const PREFIX = '/tools/seed';
const INDEX = '<meta name="seed-base" content="/" /><script src="/assets/index-1.js"></script>';
const HTML = { accept: 'text/html' };

const undo = new AsyncDisposableStack();
let desk: Approving;
/** Believes what a proxy says of the prefix, and has none by itself. */
let trusting: Awaited<ReturnType<Approving['server']['sibling']>>;
let cli: Cli;
/** Where Seed is reached, in each of the ways to have it below a path. */
const at: Record<string, string> = {};
let person: string;
let worker: string;

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'seed-prefix-'));
  undo.defer(() => rm(folder, { recursive: true }));
  await mkdir(join(folder, 'assets'));
  await writeFile(join(folder, 'index.html'), INDEX);
  await writeFile(join(folder, 'assets', 'index-1.js'), 'script');
  desk = undo.use(await startApproving({ basePath: PREFIX, webFolder: pathToFileURL(`${folder}/`) }));
  trusting = await desk.server.sibling({ basePath: '', trustedProxies: ['127.0.0.1'] });
  undo.defer(() => trusting.stop());
  at['passed on'] = desk.server.url + PREFIX;
  at['taken off'] = undo.use(await startStrippingProxy(desk.server.url, PREFIX, {})).url;
  const says = { 'X-Forwarded-Prefix': `${PREFIX}/` };
  at['taken off and told'] = undo.use(await startStrippingProxy(trusting.url, PREFIX, says)).url;
  cli = await repositoryCli({});
  undo.defer(() => cli.remove());
  person = (await desk.approver()).secret;
  worker = (await desk.server.newKey(SCOPES)).secret;
});
afterAll(() => undo.disposeAsync());

describe.each(['passed on', 'taken off', 'taken off and told'])('the prefix is %s', (way) => {
  const base = () => at[way] ?? '';
  const get = (path: string, headers: Record<string, string> = {}) => fetch(base() + path, { headers });
  const bearer = (key = desk.server.adminKey) => ({ authorization: `Bearer ${key}` });

  it('REST answers, with its own errors and its own methods', async () => {
    expect((await get('/api/v1/whoami', bearer())).status).toBe(200);
    expect((await get('/api/v1/whoami')).status).toBe(401);
    expect(await (await get('/api/v1/nothing', bearer())).json()).toMatchObject({ error: { code: 'not_found' } });
    const patched = await fetch(`${base()}/api/v1/whoami`, { method: 'PATCH', headers: bearer() });
    expect([patched.status, patched.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    const head = await fetch(`${base()}/healthz`, { method: 'HEAD' });
    expect([head.status, (await get('/readyz')).status]).toEqual([200, 200]);
  });

  it('the description and the reference name its own address', async () => {
    for (const query of ['', '?noun=keys'])
      expect(await (await get(`/openapi.json${query}`)).json()).toMatchObject({ servers: [{ url: PREFIX }] });
    const page = await (await get('/docs')).text();
    expect(page).not.toMatch(/(?:href|src)="\/(?!tools)/);
  });

  it('MCP tells where its metadata is, also where a client looks that was told nothing', async () => {
    const mcp = `${base()}/mcp`;
    const refused = await fetch(mcp, { method: 'POST' });
    const [, told = ''] = /resource_metadata="([^"]+)"/.exec(refused.headers.get('www-authenticate') ?? '') ?? [];
    expect([refused.status, told]).toEqual([401, `${base()}/.well-known/oauth-protected-resource/mcp`]);
    const resource = await (await fetch(told)).json();
    expect(resource).toMatchObject({ resource: mcp, resource_documentation: `${base()}/docs` });
    // RFC 9728, section 3.1: before the path of the resource. A proxy has to route that, too.
    if (way !== 'passed on') return;
    const { origin } = new URL(mcp);
    const found = await fetch(`${origin}/.well-known/oauth-protected-resource${PREFIX}/mcp`);
    expect(await found.json()).toEqual(resource);
  });

  it.each([LEGACY, MODERN])('an MCP client of %s lists and calls', async (revision) => {
    await using client = await connectClient(base(), desk.server.adminKey, { revision });
    expect((await client.listTools()).tools.length).toBeGreaterThan(10);
    const { isError } = await client.callTool({ name: 'keys_list', arguments: {} });
    expect(isError ?? false).toBe(false);
  });

  it('the dashboard names its files and itself below it, at the address of every page', async () => {
    const expected = `<meta name="seed-base" content="${PREFIX}/" /><script src="${PREFIX}/assets/index-1.js"></script>`;
    for (const path of ['/', '', '/tasks', '/tasks/1/2?x=/y']) {
      const page = await get(path, HTML);
      expect([path, page.status, await page.text()]).toEqual([path, 200, expected]);
      expect(page.headers.get('content-length')).toBe(String(expected.length));
      const again = await get(path, { ...HTML, 'if-none-match': page.headers.get('etag') ?? '' });
      expect(again.status).toBe(304);
    }
    const script = await get('/assets/index-1.js');
    expect([await script.text(), script.headers.get('cache-control')]).toEqual([
      'script',
      expect.stringContaining('immutable'),
    ]);
    expect((await fetch(`${base()}/`, { method: 'POST' })).status).toBe(405);
  });

  it('the cookie of the dashboard is for it alone', async () => {
    const { origin } = new URL(base());
    const headers = { ...OWN_PAGE, 'content-type': 'application/json', origin, 'sec-fetch-site': 'same-origin' };
    const body = JSON.stringify({ key: desk.server.adminKey });
    const signedIn = await fetch(`${base()}/session`, { method: 'POST', headers, body });
    const cookie = signedIn.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/^seed_session=[^;]+; Path=\/tools\/seed; HttpOnly; SameSite=Strict$/);
    const own = { cookie: cookie.split(';')[0] ?? '', ...OWN_PAGE };
    expect((await get('/api/v1/whoami', own)).status).toBe(200);
    const out = await fetch(`${base()}/session`, { method: 'DELETE', headers: own });
    expect(out.headers.get('set-cookie')).toMatch(/^seed_session=; Max-Age=0; Path=\/tools\/seed; /);
    expect((await get('/api/v1/whoami', own)).status).toBe(401);
  });

  it('a question to a person, and the link that answers it, lead there', async () => {
    const json = (key: string) => ({ ...bearer(key), 'content-type': 'application/json' });
    const post = (path: string, key: string, body = {}) =>
      fetch(base() + path, { method: 'POST', headers: json(key), body: JSON.stringify(body) });
    const asked = await post('/api/v1/orders', worker, { supplier: way, total: 5 });
    expect(asked.headers.get('location')).toBe(`${PREFIX}/api/v1/approvals/${asked.headers.get('seed-approval')}`);
    const place = new URL(asked.headers.get('location') ?? '', base());
    expect((await fetch(place, { headers: bearer() })).status).toBe(200);
    const made = await post(`${place.pathname.slice(PREFIX.length)}/links`, person);
    const { link } = (await made.json()) as { link: { url: string } };
    expect(link.url).toMatch(/\/approve\/[\w-]{43}$/);
    expect(link.url.startsWith(`${base()}/approve/`)).toBe(true);
    const page = await (await fetch(link.url)).text();
    const mark = /name="page" value="([^"]+)"/.exec(page)?.[1] ?? '';
    // Its form has no address of its own: it goes where the page came from.
    expect(page).toContain('<form method="post" autocomplete');
    const form = new URLSearchParams({ page: mark, decision: 'approve' });
    expect(await (await fetch(link.url, { method: 'POST', body: form })).text()).toContain('Approved');
  });

  it('the CLI, the client and a runner take an address with a path', async () => {
    const env = { SEED_API_URL: `${base()}/`, SEED_API_KEY: desk.server.adminKey };
    const listed = await cli.run(['keys', 'list', '--json'], { env });
    expect([listed.code, listed.stderr]).toEqual([0, '']);
    const client = createSeed({ url: `${base()}/`, key: desk.server.adminKey });
    const page = await client.keys.list({ limit: 1 });
    expect(page.items).toHaveLength(1);
    const runner = testRunner(base(), desk.server.runnerToken);
    const posted = await desk.server.call('POST', '/api/v1/tasks/run', { body: { instruction: 'work' } });
    const lease = await runner.lease();
    expect([lease.taskId, await runner.settle(lease)]).toEqual([posted.body.task.id, 204]);
    const [handedOut] = (await (await get('/cli/seed.mjs', bearer())).text()).split('\n');
    expect(handedOut).toMatch(/^#!|^\/\/|^import|^var|^const/);
  });
});

it('over TLS the cookie is for it alone, too, and its name says that it came so', async () => {
  const headers = { ...OWN_PAGE, 'x-forwarded-proto': 'https', 'x-forwarded-prefix': PREFIX };
  const { headers: answered } = await trusting.call('POST', '/session', {
    key: null,
    body: { key: desk.server.adminKey },
    headers,
  });
  expect(answered.get('set-cookie')).toMatch(
    /^__Secure-seed_session=[^;]+; Path=\/tools\/seed; HttpOnly; Secure; SameSite=Strict$/,
  );
});

it.each([
  '//evil.example',
  '/\\evil.example',
  'https://evil.example',
  'javascript:alert(1)',
  '/"><script>alert(1)</script>',
  '/..',
  '/a, /b',
  `/${'a'.repeat(400)}`,
  '/a%0d%0aset-cookie:x',
])('X-Forwarded-Prefix: %s counts for nothing, whoever says it', async (said) => {
  const told = await fetch(`${at['taken off and told']}/openapi.json`);
  expect(await told.json()).toMatchObject({ servers: [{ url: PREFIX }] });
  const { server } = desk;
  for (const prefix of [said, '/elsewhere']) {
    const headers = { 'x-forwarded-prefix': prefix };
    const { body } = await server.call('GET', '/openapi.json', { headers });
    expect(body.servers).toEqual([{ url: PREFIX }]);
    const refused = await server.call('POST', '/mcp', { key: null, headers });
    expect(refused.headers.get('www-authenticate')).toContain(`"${server.url}${PREFIX}/.well-known/`);
  }
  const { body } = await trusting.call('GET', '/openapi.json', { headers: { 'x-forwarded-prefix': said } });
  expect(body.servers).toEqual([{ url: '/' }]);
});

it('a probe needs no prefix, and may have one', async () => {
  for (const path of ['/healthz', '/readyz', `${PREFIX}/healthz`, `${PREFIX}/readyz`])
    expect([path, (await fetch(desk.server.url + path)).status]).toEqual([path, 200]);
});
