// What a healthy E2B does not show, each by a fault of the double: answers that are lost or late, lists that lag,
// refusals that pass, streams that break off anywhere, sandboxes that end, are paused or resumed by somebody else.
import { randomBytes, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Driver, Snapshot } from '../../src/drivers/driver.ts';
import { createE2bApi, type E2bApi } from '../../src/drivers/e2b/api.ts';
import { createConnectClient } from '../../src/drivers/e2b/connect.ts';
import { createE2bDriver } from '../../src/drivers/e2b/driver.ts';
import { type Envd, envdOf } from '../../src/drivers/e2b/envd.ts';
import { openProcess, runToEnd } from '../../src/drivers/e2b/process-stream.ts';
import { patient } from '../../src/drivers/patience.ts';
import { selectDriver } from '../../src/drivers/set-up/select.ts';
import type { DoubleSandbox, E2bDouble } from '../doubles/e2b/double.ts';
import { type InE2b, inE2b } from '../doubles/e2b/in-e2b.ts';
import { askClock } from '../fixtures/echo-guest.ts';
import { sandboxLimits } from '../fixtures/sandbox-limits.ts';

const TEST_MS = 120_000;
const CREATE = /^POST \/sandboxes$/;
const LIST = /^GET \/v2\/sandboxes$/;
const snapshot: Snapshot = { id: 's', driver: 'e2b', dir: '', image: { id: '', rootfs: '', command: [] } };
let there: InE2b;
let double: E2bDouble;
let driver: Driver;
let api: E2bApi;
const client = createConnectClient();

beforeAll(async () => {
  there = await inE2b(await readFile(join(import.meta.dirname, '../fixtures/echo-guest.mjs')));
  ({ double } = there);
  driver = await createE2bDriver({ owner: 'one' });
  api = createE2bApi(double);
}, 300_000);
afterAll(async () => {
  await client.close();
  await api?.close();
  await there?.[Symbol.asyncDispose]();
});
afterEach(async () => {
  double.faults.clear();
  Object.assign(double.ways, { pageSize: 100, givesTokens: true });
  for (const { id } of (await driver.all?.()) ?? []) await driver.kill(id);
  expect(named().map(({ id }) => id)).toEqual([]);
});

const newId = () => `s-${randomUUID().slice(0, 8)}`;
const start = (id: string, lifeMs = 60_000) => driver.start(snapshot, sandboxLimits(patient(lifeMs)), id);
/** All of the driver's. */
const named = () => [...double.sandboxes.values()].filter(({ asked }) => 'seed-name' in asked.metadata);
const of = (id: string): DoubleSandbox[] =>
  named().filter(({ asked }) => asked.metadata['seed-name'] === `seed-${id}`);
/** Its end is waited for there. */
async function startFollowed(id: string, lifeMs?: number): Promise<void> {
  const heard = double.heard.length;
  await start(id, lifeMs);
  const isWaitedFor = () => double.heard.slice(heard).some((said) => said.includes('"wait"'));
  await expect.poll(isWaitedFor, { timeout: 30_000 }).toBe(true);
}
const created = (id: string) => double.created.filter(({ metadata }) => metadata['seed-name'] === `seed-${id}`);
const answers = async (id: string) => (await askClock(await driver.connect(id))).guest > 0;

describe('starts', { timeout: TEST_MS }, () => {
  it.each([
    ['was lost', {}],
    ['was that of a gateway', { answer: { status: 504 } }],
    ['is none of this API', { answer: { status: 200 } }],
  ])('make one sandbox of a creation whose answer %s', async (_, how) => {
    const id = newId();
    double.faults.add({ of: CREATE, done: true, ...how });
    await start(id);
    expect(created(id)).toHaveLength(1);
    expect(await answers(id)).toBe(true);
  });

  it('end the other one, too, where the first came only after all had given it up', async () => {
    const id = newId();
    double.faults.add({ of: CREATE, done: { afterMs: 1_500 } });
    await start(id);
    await expect.poll(() => of(id).length, { timeout: 30_000 }).toBe(2);
    expect(await answers(id)).toBe(true);
    expect(await driver.kill(id)).toEqual({ reason: 'killed' });
    expect(of(id)).toEqual([]);
  });

  it('are found by whoever looks for what is nobody’s, where the answer came after the end', async () => {
    const id = newId();
    double.faults.add({ of: CREATE, done: { afterMs: 2_500 } });
    double.faults.add({ of: CREATE, answer: { status: 400, body: { code: 400, message: 'no' } } });
    await expect(start(id)).rejects.toMatchObject({ code: 'sandbox_failed' });
    await expect.poll(() => of(id).length, { timeout: 30_000 }).toBe(1);
    const other = await createE2bDriver({ owner: 'two' });
    expect(await other.all?.()).toEqual([{ id, owner: 'one' }]);
    expect(await other.sweep('one')).toEqual([id]);
  });

  it('obey a vendor that asks for patience, and pass on what is too long', async () => {
    const id = newId();
    const slow = (seconds: string) => ({ status: 429, headers: { 'retry-after': seconds } });
    double.faults.add({ of: CREATE, answer: slow('2') });
    const begun = performance.now();
    await start(id);
    expect(performance.now() - begun).toBeGreaterThan(2_000);
    // As it answers at the limit of sandboxes at a time: without a time.
    double.faults.add({ of: CREATE, answer: { status: 429 }, times: 2 });
    await start(newId());
    double.faults.add({ of: CREATE, answer: slow('900'), times: 9 });
    await expect(start(newId())).rejects.toMatchObject({ code: 'unavailable', retryAfterSeconds: 900 });
  });

  it('wait for a sandbox that the proxy does not know yet, and whose daemon does not listen yet', async () => {
    const id = newId();
    for (const message of ['The sandbox was not found', 'The sandbox is running but port is not open']) {
      double.faults.add({ of: /Process\/Start$/, answer: { status: 502, body: { message, code: 502 } } });
    }
    await start(id);
    expect(await answers(id)).toBe(true);
    expect(created(id)).toHaveLength(1);
  });

  it('refuse one whose daemon would take everybody, though it cannot be ended at once', async () => {
    const id = newId();
    double.faults.add({ of: /^DELETE /, answer: { status: 503 }, times: 3 });
    double.ways.givesTokens = false;
    await expect(start(id)).rejects.toMatchObject({
      code: 'sandbox_failed',
      hint: expect.stringContaining('envd'),
    });
    expect(created(id)).toHaveLength(1);
    expect(of(id)).toEqual([]);
  });
});

describe('ends', { timeout: TEST_MS }, () => {
  it('are sure although what was told is lost, fails, or is only said to be done', async () => {
    const id = newId();
    await start(id);
    double.faults.add({ of: /^DELETE /, answer: { status: 204 } });
    double.faults.add({ of: /^DELETE /, answer: { status: 500 }, times: 2 });
    double.faults.add({ of: /^DELETE / });
    double.faults.add({ of: LIST, answer: { status: 502 }, times: 4 });
    expect(await driver.kill(id)).toEqual({ reason: 'killed' });
    expect(of(id)).toEqual([]);
    expect(double.faults.met).toBeGreaterThanOrEqual(8);
  });

  it.each([
    ['was ended by somebody else', (id: string) => api.kill(id)],
    ['was paused', (id: string) => double.pause(id)],
  ])('tell that it %s, and nothing of it stays', async (_, act) => {
    const id = newId();
    await start(id);
    const ended = driver.ended(id);
    await act(of(id)[0]?.id ?? '');
    double.cutStreams();
    expect(await ended).toMatchObject({ reason: 'lost' });
    expect(of(id)).toEqual([]);
  });

  it('come at the deadline of one that was paused and resumed with more time', async () => {
    const id = newId();
    await startFollowed(id, 8_000);
    const [sandbox] = of(id);
    await double.pause(sandbox?.id ?? '');
    await double.resume(sandbox?.id ?? '', 3_600);
    expect(await answers(id)).toBe(true);
    expect(await driver.ended(id)).toEqual({ reason: 'deadline' });
    expect(of(id)).toEqual([]);
  });

  it('come by E2B’s own limit where nothing in the sandbox tells of its deadline', async () => {
    const id = newId();
    await startFollowed(id, 4_000);
    const stop = {
      command: ['/bin/sh', '-c', 'kill -STOP $(cat /run/seed/keeper.pid)'],
      uid: 0,
      cwd: '/',
      env: {},
    };
    expect(await (await double.machines.exec(of(id)[0]?.id ?? '', stop)).ended).toBe(0);
    expect(await driver.ended(id)).toEqual({ reason: 'deadline' });
    expect(of(id)).toEqual([]);
  });

  it('do not come of a list that has not yet what was just made', async () => {
    const id = newId();
    await startFollowed(id);
    const before = double.faults.met;
    double.faults.add({ of: LIST, answer: { status: 200, body: [] }, times: 3 });
    double.cutStreams();
    await expect.poll(() => double.faults.met - before, { timeout: 30_000 }).toBeGreaterThan(0);
    expect(await answers(id)).toBe(true);
    expect(await driver.status(id)).toBe('running');
  });

  it('never move E2B’s own limit away', async () => {
    const id = newId();
    await start(id, 20_000);
    const [sandbox] = of(id);
    const begun = performance.now();
    await driver.tighten(id, begun + patient(10_000));
    const endAt = sandbox?.endAt.getTime() ?? 0;
    expect(endAt - Date.now()).toBeLessThanOrEqual(patient(10_000) + 3_000);
    await driver.tighten(id, begun + patient(15_000));
    expect(sandbox?.endAt.getTime()).toBe(endAt);
  });

  it('are found on every page of a list', async () => {
    double.ways.pageSize = 1;
    const ids = [newId(), newId(), newId()];
    await Promise.all(ids.map((id) => start(id)));
    expect((await driver.all?.())?.map(({ id }) => id).sort()).toEqual([...ids].sort());
    const again = await createE2bDriver({ owner: 'one' });
    expect((await again.sweep('one')).sort()).toEqual([...ids].sort());
  });
});

describe('streams', { timeout: TEST_MS }, () => {
  let envd: Envd;
  let vendorId: string;
  beforeAll(async () => {
    const template = process.env['SEED_E2B_TEMPLATE'] ?? '';
    const made = await api.create({ templateID: template, timeoutSeconds: 600, metadata: {} });
    vendorId = made.sandboxID;
    const headers = { 'e2b-sandbox-id': vendorId, 'e2b-sandbox-port': '49983' };
    envd = envdOf(client, { url: double.sandboxUrl, headers }, made.envdAccessToken ?? null);
  });
  afterAll(() => api.kill(vendorId));
  const shell = (script: string) => ['/bin/sh', '-c', script];
  const run = (script: string) => runToEnd(envd, shell(script), { timeoutMs: patient(20_000) });

  it('that break off at any byte are whole or lost, and never less than whole', async () => {
    const said = 'x'.repeat(200);
    const outcomes: string[] = [];
    for (const cutAnswer of [0, 3, 5, 30, 80, 250, 420, 5_000, 'before its last message'] as const) {
      double.faults.add({ of: /Process\/Start$/, cutAnswer });
      outcomes.push(
        await run(`printf ${said}; exit 3`).then(
          ({ code, stdout }) => `${code} ${stdout}`,
          (error) => error.code,
        ),
      );
    }
    expect(new Set(outcomes)).toEqual(new Set(['unreachable', `3 ${said}`]));
    // How the program ended is said before the stream says that it has.
    expect(outcomes.at(-1)).toBe(`3 ${said}`);
  });

  it.each(['calls', 'stream'] as const)(
    'give a program a part of what broke off, and nothing twice, by %s',
    async (input) => {
      const file = `/tmp/${input}`;
      const sent = randomBytes(1024 * 1024);
      double.faults.add({ of: /(Send|Stream)Input$/, cutRequest: 200_000 });
      const stream = await openProcess(envd, { command: shell(`cat >${file}`), input });
      const lost = new Promise<Error>((resolve) => stream.once('error', resolve));
      stream.write(sent);
      expect(await lost).toMatchObject({ code: 'unreachable' });
      const { stdout } = await run(`base64 -w0 ${file}`);
      const got = Buffer.from(stdout, 'base64');
      expect(got.equals(sent.subarray(0, got.length))).toBe(true);
      expect(got.length).toBeLessThan(sent.length);
    },
  );

  it('give each byte once where only the answer was lost', async () => {
    const stream = await openProcess(envd, { command: shell('cat >/tmp/once'), input: 'calls' });
    const lost = new Promise<Error>((resolve) => stream.once('error', resolve));
    double.faults.add({ of: /SendInput$/, cutAnswer: 0 });
    stream.write('once');
    expect(await lost).toMatchObject({ code: 'unreachable' });
    expect(await run('cat /tmp/once')).toEqual({ code: 0, stdout: 'once', stderr: '' });
  });

  it('tell the last words and the end of a program that takes no more input', async () => {
    const command = shell('until [ -e /tmp/go ]; do sleep 0.1; done; echo last; exit 3');
    const stream = await openProcess(envd, { command, input: 'calls' });
    const body = { code: 'not_found', message: 'process not found' };
    double.faults.add({ of: /SendInput$/, answer: { status: 404, body } });
    await new Promise((written) => stream.write('too late', written));
    await run('touch /tmp/go');
    expect(Buffer.concat(await stream.toArray()).toString()).toBe('last\n');
    expect(await stream.exit).toBe(3);
  });

  it('are opened again after a cut, after refusals, and after the daemon began anew', async () => {
    const id = newId();
    await start(id);
    const [sandbox] = of(id);
    for (const act of [() => double.cutStreams(), () => double.restartEnvd(sandbox?.id ?? '')]) {
      const stream = await driver.connect(id);
      expect((await askClock(stream)).guest).toBeGreaterThan(0);
      const cut = new Promise<Error>((resolve) => stream.once('error', resolve));
      act();
      expect(await cut).toMatchObject({ code: 'unreachable' });
      double.faults.add({ of: /Process\/Start$/, answer: { status: 500 } });
      double.faults.add({ of: /Process\/Start$/, answer: { status: 429, headers: { 'retry-after': '1' } } });
      expect(await answers(id)).toBe(true);
      expect(await driver.status(id)).toBe('running');
    }
  });
});

it('a bad hour at E2B leaves no orphan, and starts nothing twice', { timeout: TEST_MS }, async () => {
  double.faults.add({ of: /./, share: 0.15, times: 60, answer: { status: 500 } });
  double.faults.add({ of: /sandboxes/, share: 0.1, times: 30, done: true });
  double.faults.add({ of: /Process/, share: 0.1, times: 30, cutAnswer: 100 });
  const told: string[] = [];
  await Promise.all(
    Array.from({ length: 4 }, newId).map(async (id) => {
      try {
        await start(id);
        expect(await answers(id)).toBe(true);
      } catch (error) {
        told.push((error as { code: string }).code);
      } finally {
        await driver.kill(id);
        expect(of(id)).toEqual([]);
      }
    }),
  );
  for (const code of told) expect(['unreachable', 'unavailable', 'sandbox_failed']).toContain(code);
});

it.each([
  ['without a key', { E2B_API_KEY: '' }, /E2B_API_KEY is not set/],
  ['without a template', { SEED_E2B_TEMPLATE: '' }, /SEED_E2B_TEMPLATE is not set/],
  ['with a key that is not taken', { E2B_API_KEY: 'e2b_0' }, /with 401: Invalid API key/],
  ['with a template that is gone', { SEED_E2B_TEMPLATE: 'gone' }, /template 'gone' not found/],
  ['with an address that is none', { E2B_API_URL: 'api.test' }, /E2B_API_URL is not an http or https URL/],
])('is not usable %s, and says so', async (_, settings, why) => {
  const before = { ...process.env };
  Object.assign(process.env, settings);
  try {
    const context = { cacheDir: '', dataDir: '', runscPath: '', owner: 'one' };
    const { driver: none, probes } = await selectDriver(context, 'e2b');
    expect(none).toBeUndefined();
    expect(probes[0]).toMatchObject({ driver: 'e2b', usable: false, why: expect.stringMatching(why) });
  } finally {
    for (const name of Object.keys(settings)) process.env[name] = before[name] ?? '';
  }
});
