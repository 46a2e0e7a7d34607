// The double of E2B is honest: E2B's own SDK works with it. And Seed's client of envd carries every byte, both ways.
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AuthenticationError, CommandExitError, Sandbox } from 'e2b';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { createE2bApi, type E2bApi } from '../../src/drivers/e2b/api.ts';
import { createConnectClient } from '../../src/drivers/e2b/connect.ts';
import { type Envd, envdOf } from '../../src/drivers/e2b/envd.ts';
import { openProcess, runToEnd } from '../../src/drivers/e2b/process-stream.ts';
import { readE2bSettings } from '../../src/drivers/e2b/settings.ts';
import { createE2bVendor } from '../../src/drivers/e2b/vendor.ts';
import { cacheDirSetting } from '../../src/lib/settings.ts';
import { type E2bDouble, startE2bDouble } from '../doubles/e2b/double.ts';
import { until } from '../fixtures/seed.ts';
import { startStrippingProxy } from '../fixtures/stripping-proxy.ts';

const MIB = 2 ** 20;
const TEST_MS = 120_000;

let double: E2bDouble;
let folder: string;
let api: E2bApi;
const client = createConnectClient();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'seed-e2b-'));
  const guestBundle = await readFile(join(import.meta.dirname, '../fixtures/echo-guest.mjs'));
  double = await startE2bDouble({ cacheDir: cacheDirSetting(), folder, guestBundle });
  await double.templates.add('plain', 'sleep 1000', 'true');
  api = createE2bApi(double);
}, 300_000);
afterAll(async () => {
  await client.close();
  await api?.close();
  await double?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const access = () => ({ apiKey: double.apiKey, apiUrl: double.apiUrl, sandboxUrl: double.sandboxUrl });

/** As one who has its token asks. */
const headersOf = (id: string) => ({
  'e2b-sandbox-id': id,
  'e2b-sandbox-port': '49983',
  'x-access-token': double.sandboxes.get(id)?.envdAccessToken ?? '',
});

async function sandbox(metadata: Record<string, string> = {}): Promise<{ id: string; envd: Envd }> {
  const made = await api.create({ templateID: 'plain', timeoutSeconds: 300, metadata });
  const { 'x-access-token': _, ...headers } = headersOf(made.sandboxID);
  const envd = envdOf(client, { url: double.sandboxUrl, headers }, made.envdAccessToken ?? null);
  return { id: made.sandboxID, envd };
}

test("E2B's own SDK creates, lists, runs in and kills sandboxes of the double", { timeout: TEST_MS }, async () => {
  const made = await Sandbox.create('plain', { ...access(), metadata: { of: 'the SDK' }, timeoutMs: 60_000 });
  const { stdout, stderr, exitCode } = await made.commands.run('echo out; echo err >&2', { user: 'root' });
  expect({ stdout, stderr, exitCode }).toEqual({ stdout: 'out\n', stderr: 'err\n', exitCode: 0 });
  await expect(made.commands.run('exit 7', { user: 'root' })).rejects.toThrow(CommandExitError);
  expect(await made.isRunning()).toBe(true);
  const listed = await Sandbox.list({ ...access(), query: { metadata: { of: 'the SDK' } } }).nextItems();
  expect(listed.map(({ sandboxId, metadata }) => ({ sandboxId, metadata }))).toEqual([
    { sandboxId: made.sandboxId, metadata: { of: 'the SDK' } },
  ]);
  const state = async () => (await Sandbox.getInfo(made.sandboxId, access())).state;
  expect(await state()).toBe('running');
  await made.pause();
  expect(await state()).toBe('paused');
  expect(await made.isRunning()).toBe(false);
  await made.connect({ timeoutMs: 60_000 });
  expect(await state()).toBe('running');
  expect((await made.commands.run('echo again', { user: 'root' })).stdout).toBe('again\n');
  expect(await made.kill()).toBe(true);
  expect(await Sandbox.kill(made.sandboxId, access())).toBe(false);
  const other = { ...access(), apiKey: `e2b_${'0'.repeat(40)}` };
  await expect(Sandbox.create('plain', other)).rejects.toThrow(AuthenticationError);
});

test.each(['calls', 'stream'] as const)(
  '4 MiB go there and back unharmed by %s',
  { timeout: TEST_MS },
  async (input) => {
    const { id, envd } = await sandbox();
    const sent = randomBytes(4 * MIB);
    const stream = await openProcess(envd, { command: ['cat'], input });
    stream.end(sent);
    expect(Buffer.concat(await stream.toArray()).equals(sent)).toBe(true);
    expect(await stream.exit).toBe(0);
    await api.kill(id);
  },
);

test('a program is told by its exit code; what was left goes on, what was destroyed is killed', {
  timeout: TEST_MS,
}, async () => {
  const { id, envd } = await sandbox();
  const shell = (script: string, timeoutMs = 60_000) => runToEnd(envd, ['/bin/sh', '-c', script], { timeoutMs });
  expect(await shell('echo said; exit 3')).toEqual({ code: 3, stdout: 'said\n', stderr: '' });
  await expect(shell('sleep 1000', 1000)).rejects.toMatchObject({ code: 'sandbox_failed' });
  const left = await openProcess(envd, { command: ['sleep', '4711'] });
  left.leave();
  const destroyed = await openProcess(envd, { command: ['sleep', '4712'] });
  destroyed.destroy();
  expect(await destroyed.exit).toBeNull();
  const alive = async () => (await shell('cat /proc/[0-9]*/cmdline | tr "\\0" " "')).stdout;
  await until('the one is killed', async () => !(await alive()).includes('sleep 4712'), 60_000);
  expect(await alive()).toContain('sleep 4711');
  await api.kill(id);
  await expect(shell('true')).rejects.toMatchObject({ code: 'unreachable' });
});

test('envd takes nobody without its token, and the API nobody without a key', { timeout: TEST_MS }, async () => {
  const { id } = await sandbox();
  const headers = { 'e2b-sandbox-id': id, 'e2b-sandbox-port': '49983' };
  for (const token of [null, 'a'.repeat(64)]) {
    const stranger = envdOf(client, { url: double.sandboxUrl, headers }, token);
    await expect(openProcess(stranger, { command: ['id'] })).rejects.toMatchObject({ code: 'not_authenticated' });
    await expect(stranger.kill(1)).rejects.toMatchObject({ code: 'not_authenticated' });
  }
  const stranger = createE2bApi({ apiUrl: double.apiUrl, apiKey: 'e2b_0' });
  await expect(stranger.get(id)).rejects.toMatchObject({ code: 'not_authenticated' });
  await expect(stranger.kill(id)).rejects.toMatchObject({ code: 'not_authenticated' });
  await stranger.close();
  expect(double.sandboxes.has(id)).toBe(true);
  await api.kill(id);
});

test('the API: pages, times, what is gone, and a vendor that asks for patience', {
  timeout: TEST_MS,
}, async () => {
  const metadata = { 'seed-name': 'a b&c=d' };
  const { id } = await sandbox(metadata);
  expect(await api.list(metadata)).toMatchObject([{ sandboxID: id, metadata, state: 'running' }]);
  expect(await api.list({ 'seed-name': 'a b' })).toEqual([]);
  expect(await api.get(id)).toMatchObject({ sandboxID: id, envdAccessToken: expect.any(String) });
  double.faults.add({
    of: /^GET \/v2\/sandboxes$/,
    answer: { status: 429, headers: { 'retry-after': '1' }, body: { code: 429, message: 'slow down' } },
  });
  const begin = performance.now();
  expect(await api.list(metadata)).toHaveLength(1);
  expect(performance.now() - begin).toBeGreaterThanOrEqual(1000);
  double.faults.add({ of: /^POST \/sandboxes$/, answer: { status: 429, headers: { 'retry-after': '60' } } });
  const asked = { templateID: 'plain', timeoutSeconds: 60, metadata };
  await expect(api.create(asked)).rejects.toMatchObject({
    code: 'unavailable',
    retryAfterSeconds: 60,
    nothingDone: true,
  });
  await expect(api.create({ ...asked, templateID: 'none' })).rejects.toMatchObject({ code: 'not_found' });
  expect(await api.setTimeout(id, 0)).toBe(true);
  await until('its time is over', async () => (await api.get(id)) === null);
  expect(await api.setTimeout(id, 10)).toBe(false);
  await api.kill(id);
});

test('an installation of one’s own: by plain HTTP, at any port, below a path', { timeout: TEST_MS }, async () => {
  await using apiProxy = await startStrippingProxy(double.apiUrl, '/e2b/api', {});
  await using sandboxProxy = await startStrippingProxy(double.sandboxUrl, '/e2b/sandboxes', {});
  vi.stubEnv('E2B_API_KEY', double.apiKey);
  vi.stubEnv('E2B_API_URL', `${apiProxy.url}/`);
  vi.stubEnv('E2B_SANDBOX_URL', `${sandboxProxy.url}/`);
  vi.stubEnv('SEED_E2B_TEMPLATE', 'plain');
  onTestFinished(() => void vi.unstubAllEnvs());
  const settings = readE2bSettings();
  const own = createE2bApi(settings);
  const vendor = createE2bVendor(settings, own, client);
  const labels = { seed: 'own' };
  const made = await vendor.create({ name: 'seed-own', labels, lifeMs: 60_000, vcpus: 1, memoryBytes: 1 });
  const sent = randomBytes(200_000);
  const stream = await vendor.open(made, ['cat']);
  stream.end(sent);
  expect(Buffer.concat(await stream.toArray()).equals(sent)).toBe(true);
  expect(await vendor.list('seed', 'own')).toMatchObject([{ name: 'seed-own', vendorId: made.vendorId }]);
  await vendor.destroy(made);
  expect(await vendor.find('seed-own')).toBeNull();
  await own.close();
});

test('an envd that asks for no token, as one that is started by hand', { timeout: TEST_MS }, async () => {
  double.ways.givesTokens = false;
  const { id, envd } = await sandbox();
  double.ways.givesTokens = true;
  expect(double.sandboxes.get(id)?.envdAccessToken).toBeNull();
  expect(await runToEnd(envd, ['echo', 'open'], { timeoutMs: 60_000 })).toEqual({
    code: 0,
    stdout: 'open\n',
    stderr: '',
  });
  await api.kill(id);
});

test('a stream that says nothing, though it is to, is lost', { timeout: TEST_MS }, async () => {
  const { id } = await sandbox();
  const server = { url: double.sandboxUrl, headers: headersOf(id) };
  const message = { process: { cmd: 'sleep', args: ['1000'], cwd: '/' } };
  const within = { signal: AbortSignal.timeout(60_000), silenceMs: 1_500 };
  // It would say after ninety seconds that its program lives.
  const told: unknown[] = [];
  const read = async () => {
    for await (const event of await client.receive(server, 'process.Process/Start', message, within))
      told.push(event);
  };
  await expect(read()).rejects.toMatchObject({ code: 'unreachable' });
  expect(told).toEqual([{ event: { start: { pid: expect.any(Number) } } }]);
  await api.kill(id);
});
