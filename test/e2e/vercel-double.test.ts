// The double itself, by the vendor's own SDK: what drivers and doors are tested against is what it says it is.
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openVercel, type VercelClient } from '../../src/drivers/vercel/client.ts';
import { cacheDirSetting } from '../../src/lib/settings.ts';
import { startVercelDouble, type VercelDouble } from '../doubles/vercel-sandbox/double.ts';

const CUT_MS = 3_000;
let double: VercelDouble;
let client: VercelClient;
beforeAll(async () => {
  double = await startVercelDouble({ cacheDir: cacheDirSetting(), cutStreamsAfterMs: CUT_MS });
  client = await openVercel({ credentials: double.credentials, apiUrl: double.apiUrl });
}, 120_000);
afterAll(() => double?.[Symbol.asyncDispose]());

const create = (more: object = {}) =>
  client.sdk.Sandbox.create({ ...client.access, timeout: 60_000, persistent: false, ...more });

it('runs programs with what they say, files, signals and a time limit', async () => {
  const sandbox = await create({ env: { GREETING: 'hello' } });
  const session = sandbox.currentSession();
  const ran = await session.runCommand({ cmd: 'sh', args: ['-c', 'echo $GREETING; echo bad >&2; id -u; exit 3'] });
  expect([ran.exitCode, await ran.stdout(), await ran.stderr()]).toEqual([3, 'hello\n1001\n', 'bad\n']);
  const asRoot = await session.runCommand({ cmd: 'id', args: ['-u'], sudo: true });
  expect(await asRoot.stdout()).toBe('0\n');
  await session.writeFiles([{ path: 'a/b.txt', content: Buffer.from('content') }]);
  expect((await session.readFileToBuffer({ path: 'a/b.txt' }))?.toString()).toBe('content');
  expect(await session.readFileToBuffer({ path: 'none' })).toBeNull();
  const late = await session.runCommand({ cmd: 'sleep', args: ['60'], timeoutMs: 300 });
  expect(late.exitCode).toBe(137);
  const detached = await session.runCommand({ cmd: 'sleep', args: ['60'], detached: true });
  await detached.kill('SIGTERM');
  expect((await detached.wait()).exitCode).toBe(143);
  await sandbox.stop();
  await expect.poll(async () => (await get(sandbox.name, false)).status).toBe('stopped');
  // Told only once it is stopped.
  expect((await get(sandbox.name, false)).activeCpuUsageMs).toBeGreaterThan(0);
  await sandbox.delete();
});

const get = (name: string, resume: boolean) => client.sdk.Sandbox.get({ ...client.access, name, resume });

it('cuts a stream that lasts, and the program goes on', async () => {
  const sandbox = await create();
  const session = sandbox.currentSession();
  const script = `sleep ${(CUT_MS + 1_500) / 1000}; echo done >/tmp/done`;
  await expect(session.runCommand({ cmd: 'sh', args: ['-c', script] })).rejects.toThrow();
  const look = async () => (await session.runCommand({ cmd: 'cat', args: ['/tmp/done'] })).stdout();
  await expect.poll(look, { timeout: 10_000, interval: 300 }).toBe('done\n');
  await sandbox.delete();
});

it('starts a stopped one again for whoever does not say otherwise, with a persistent one’s files', async () => {
  const sandbox = await create({ persistent: true });
  await sandbox.currentSession().writeFiles([{ path: 'kept.txt', content: Buffer.from('kept') }]);
  await sandbox.stop();
  await expect.poll(async () => (await get(sandbox.name, false)).status, { timeout: 20_000 }).toBe('stopped');
  expect(double.sessions.bills.storedBytes).toBeGreaterThan(0);
  const again = await get(sandbox.name, true);
  expect(again.status).toBe('running');
  expect((await again.currentSession().readFileToBuffer({ path: 'kept.txt' }))?.toString()).toBe('kept');
  expect(double.sessions.bills.resumed).toBe(1);
  await again.delete();
});

it('ends one at its time, and lets it be longer only', async () => {
  const sandbox = await create({ timeout: 2_000 });
  await sandbox.currentSession().extendTimeout(1_500);
  const begun = (sandbox.currentSession().startedAt ?? new Date(0)).getTime();
  await expect.poll(async () => (await get(sandbox.name, false)).status, { timeout: 15_000 }).toBe('stopped');
  const session = (await get(sandbox.name, false)).currentSession();
  expect((session.stoppedAt?.getTime() ?? 0) - begun).toBeGreaterThanOrEqual(3_400);
  await expect(sandbox.currentSession().runCommand('true')).rejects.toMatchObject({ response: { status: 410 } });
  await sandbox.delete();
});

it('lists by one tag, page by page', async () => {
  const all = await Promise.all(
    ['1', '2', '3'].map((tag) => create({ name: `listed-${tag}`, tags: { set: 'listed', tag } })),
  );
  const found = await client.sdk.Sandbox.list({ ...client.access, tags: { set: 'listed' }, limit: 2 });
  expect((await found.toArray()).map(({ name }) => name).sort()).toEqual(all.map(({ name }) => name).sort());
  await expect(create({ name: 'listed-1' })).rejects.toMatchObject({ response: { status: 409 } });
  await Promise.all(all.map((sandbox) => sandbox.delete()));
});

interface Seen {
  request: IncomingMessage;
  body: string;
}

it('brings HTTPS to a forwarded name to its URL, with who asks, and nothing else anywhere', async () => {
  const seen: Seen[] = [];
  const proxy = createServer(async (request, response) => {
    seen.push({ request, body: await text(request) });
    response.writeHead(201, { 'x-from': 'proxy' }).end('answered');
  });
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  const forwardURL = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/door`;
  const sandbox = await create({ networkPolicy: { allow: { 'seed.internal': [{ forwardURL }] } } });
  const session = sandbox.currentSession();
  const node = async (program: string) => {
    const ran = await session.runCommand({ cmd: 'node', args: ['-e', program] });
    return `${await ran.stdout()}${await ran.stderr()}`;
  };
  const ask = (url: string) =>
    `fetch('${url}', { method: 'POST', body: 'said', headers: { 'vercel-sandbox-oidc-token': 'forged' } })
      .then(async (a) => console.log(a.status, a.headers.get('x-from'), await a.text()), (e) => console.log('failed', e.cause?.code))`;
  expect(await node(ask('https://seed.internal/a/b?c=1'))).toBe('201 proxy answered\n');
  const [{ request, body } = {} as Seen] = seen;
  expect([request.method, request.url, body]).toEqual(['POST', '/door/a/b?c=1', 'said']);
  expect(request.headers).toMatchObject({
    'vercel-forwarded-host': 'seed.internal',
    'vercel-forwarded-scheme': 'https',
    'vercel-forwarded-port': '443',
    'vercel-forwarded-path': '/a/b?c=1',
  });
  const keys = createRemoteJWKSet(new URL(`${double.issuer.url}/.well-known/jwks`));
  const token = String(request.headers['vercel-sandbox-oidc-token']);
  const { payload } = await jwtVerify(token, keys, { issuer: double.issuer.url, audience: forwardURL });
  expect(payload).toMatchObject({
    team_id: double.credentials.teamId,
    project_id: double.credentials.projectId,
    sandbox_id: session.sessionId,
    sandbox_name: sandbox.name,
  });
  expect(await node(ask('https://example.com/'))).toContain('failed');
  expect(await node(ask('https://1.1.1.1/'))).toContain('failed');
  expect(await node(`require('dns').lookup('example.com', (e) => console.log(e?.code))`)).toMatch(
    /ENOTFOUND|EAI_AGAIN/,
  );
  await sandbox.update({ networkPolicy: 'deny-all' });
  expect(await node(ask('https://seed.internal/'))).toContain('failed');
  expect(seen).toHaveLength(1);
  await sandbox.delete();
  proxy.close();
});

it('fails as it is told', async () => {
  double.faults.plan({ method: 'POST', path: /sandboxes$/, status: 429, retryAfter: '1' });
  const begun = performance.now();
  const sandbox = await create({ name: 'patient' });
  expect(performance.now() - begun).toBeGreaterThan(1_000);
  await double.killMachine('patient');
  await expect.poll(async () => (await get('patient', false)).status).toBe('aborted');
  await sandbox.delete();
});
