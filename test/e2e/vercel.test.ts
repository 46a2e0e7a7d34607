// The Vercel driver's edges that a healthy vendor does not show, by the real SDK against the double: answers
// that are lost, refusals that pass, kills that cross starts, streams that are cut, sandboxes that end under
// somebody.
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Driver, Snapshot } from '../../src/drivers/driver.ts';
import { patient } from '../../src/drivers/patience.ts';
import { selectDriver } from '../../src/drivers/set-up/select.ts';
import { createVercelSandboxes } from '../../src/drivers/vercel/door-sandboxes.ts';
import { createVercelDriver } from '../../src/drivers/vercel/driver.ts';
import { readVercelSettings } from '../../src/drivers/vercel/settings.ts';
import { createVercelVendor } from '../../src/drivers/vercel/vendor.ts';
import { askClock } from '../fixtures/echo-guest.ts';
import { sandboxLimits } from '../fixtures/sandbox-limits.ts';
import { type ReadyDouble, readyDouble } from '../fixtures/vercel-double.ts';

const snapshot: Snapshot = { id: 's', driver: 'vercel', dir: '', image: { id: '', rootfs: '', command: [] } };
let double: ReadyDouble;
let driver: Driver;
beforeAll(async () => {
  double = await readyDouble(await readFile(join(import.meta.dirname, '../fixtures/echo-guest.mjs')), {
    cutStreamsAfterMs: 20_000,
  });
  driver = await createVercelDriver({ owner: 'one' });
}, 180_000);
afterAll(() => double?.[Symbol.asyncDispose]());
afterEach(async () => {
  double.faults.clear();
  for (const { id } of (await driver.all?.()) ?? []) await driver.kill(id);
  expect([...double.sessions.sandboxes.keys()]).toEqual([]);
  // Whatever is asked of a sandbox that was stopped, it stays so.
  expect(double.sessions.bills).toMatchObject({ resumed: 0, storedBytes: 0 });
});

const newId = () => `s-${randomUUID().slice(0, 8)}`;
const start = (id: string, lifeMs = 60_000) => driver.start(snapshot, sandboxLimits(patient(lifeMs)), id);
const creates = () => double.asked.filter((request) => request === 'POST /v3/sandboxes').length;
const runningMachines = () =>
  [...double.sessions.sessions.values()].filter(({ status }) => status === 'running').length;

it('closes the network, names the owner and the deadline, and keeps nothing', async () => {
  const id = newId();
  await start(id);
  const sandbox = double.sessions.sandboxes.get(`seed-${id}`);
  expect(sandbox?.session.networkPolicy).toEqual({ mode: 'deny-all' });
  expect(sandbox?.persistent).toBe(false);
  expect(sandbox?.tags).toMatchObject({ seed: 'seed', 'seed-runner': 'one' });
  const deadlineMs = Number(sandbox?.tags['seed-deadline']) * 1000;
  expect(Math.abs(deadlineMs - (Date.now() + patient(60_000)))).toBeLessThan(patient(15_000));
  // The vendor's own limit is hardly later.
  const limit = (sandbox?.session.startedAt ?? 0) + (sandbox?.session.timeoutMs ?? 0);
  expect(limit - deadlineMs).toBeLessThan(patient(15_000));
});

describe('starts', () => {
  it('makes one sandbox of a create whose answer was lost', async () => {
    const id = newId();
    const before = creates();
    double.faults.plan({ method: 'POST', path: /v3\/sandboxes$/, cut: true });
    await start(id);
    expect(creates() - before).toBe(2);
    expect(runningMachines()).toBe(1);
    expect((await askClock(await driver.connect(id))).guest).toBeGreaterThan(0);
  });

  it('starts one guest of a start whose answer was lost', async () => {
    const id = newId();
    double.faults.plan({ method: 'POST', path: /\/cmd$/, cut: true });
    await start(id);
    expect((await askClock(await driver.connect(id))).guest).toBeGreaterThan(0);
    expect(await double.remote.running(id)).toHaveLength(1);
  });

  it('waits as long as it is asked to, and passes on what is too long', async () => {
    const id = newId();
    double.faults.plan({ method: 'POST', path: /v3\/sandboxes$/, status: 429, retryAfter: '2' });
    const begun = performance.now();
    await start(id);
    expect(performance.now() - begun).toBeGreaterThan(2_000);
    double.faults.plan({ method: 'POST', path: /v3\/sandboxes$/, status: 429, retryAfter: '900', times: 9 });
    await expect(start(newId())).rejects.toMatchObject({ code: 'unavailable', retryAfterSeconds: 900 });
  });

  it('leaves nothing of one that is killed while it starts', async () => {
    const id = newId();
    double.faults.plan({ method: 'POST', path: /v3\/sandboxes$/, delayMs: 1_500 });
    const starting = start(id);
    starting.catch(() => undefined);
    await expect.poll(() => double.asked.at(-1)).toBe('POST /v3/sandboxes');
    await driver.kill(id);
    await expect(starting).rejects.toMatchObject({ code: 'sandbox_failed' });
    expect(await double.remote.left(id)).toEqual([]);
    expect(runningMachines()).toBe(0);
  });

  it('leaves another one of its name alone', async () => {
    const id = newId();
    await start(id);
    const other = await createVercelDriver({ owner: 'two' });
    await expect(other.start(snapshot, sandboxLimits(9_000), id)).rejects.toMatchObject({
      code: 'sandbox_failed',
    });
    expect(await driver.status(id)).toBe('running');
  });

  it('says of a snapshot that is gone that it is', async () => {
    const vendor = await createVercelVendor({ ...readVercelSettings(), snapshotId: 'snap_gone' });
    const wish = { name: 'seed-none', labels: {}, lifeMs: 9_000, vcpus: 1, memoryBytes: 1 };
    await expect(vendor.create(wish)).rejects.toMatchObject({ message: expect.stringContaining('snap_gone') });
  });
});

describe('ends', () => {
  it('ends one although the vendor loses what it was told, and fails', async () => {
    const id = newId();
    await start(id);
    double.faults.plan({ method: 'POST', path: /\/stop$/, cut: true, times: 2 });
    double.faults.plan({ method: 'POST', path: /\/stop$/, status: 503, times: 4 });
    double.faults.plan({ method: 'GET', path: /\/v2\/sandboxes\/seed-/, status: 500, times: 4 });
    double.faults.plan({ method: 'DELETE', status: 502, times: 4 });
    expect(await driver.kill(id)).toEqual({ reason: 'killed' });
    expect(runningMachines()).toBe(0);
    await expect.poll(async () => (await driver.clean?.()) ?? [], { timeout: 20_000 }).toEqual([]);
  });

  it.each([
    ['stopped by somebody', (name: string) => stopElsewhere(name), 'lost'],
    ['its machine lost', (name: string) => double.killMachine(name), 'lost'],
  ])('tells that it was %s', async (_, act, reason) => {
    const id = newId();
    await start(id);
    const ended = driver.ended(id);
    await act(`seed-${id}`);
    expect(await ended).toMatchObject({ reason });
  });

  it('is told by its keeper at its deadline, and by the vendor where its keeper does nothing', async () => {
    const [kept, alone] = [newId(), newId()];
    await Promise.all([start(kept, 4_000), start(alone, 4_000)]);
    await double.sessions.sandboxes
      .get(`seed-${alone}`)
      ?.session.machine?.run({ argv: ['pkill', '-STOP', '-f', 'keeper run'] }).code;
    expect(await driver.ended(kept)).toEqual({ reason: 'deadline' });
    expect(await driver.ended(alone)).toEqual({ reason: 'deadline' });
    await expect.poll(runningMachines, { timeout: 20_000 }).toBe(0);
  });

  it('a driver that starts ends what another one of its owner left', async () => {
    const [mine, others] = [newId(), newId()];
    await start(mine);
    const other = await createVercelDriver({ owner: 'two' });
    await other.start(snapshot, sandboxLimits(patient(60_000)), others);
    const again = await createVercelDriver({ owner: 'one' });
    expect(await again.sweep('one')).toEqual([mine]);
    expect(await other.status(others)).toBe('running');
    expect(await again.sweep('two')).toEqual([others]);
  });
});

describe('streams', () => {
  it('are opened again after a cut, also after refusals that pass', async () => {
    const id = newId();
    await start(id);
    const stream = await driver.connect(id);
    expect((await askClock(stream)).guest).toBeGreaterThan(0);
    const cut = new Promise<Error>((resolve) => stream.once('error', resolve));
    expect(double.cutTerminals()).toBe(1);
    expect(await cut).toMatchObject({ code: 'unreachable' });
    double.faults.plan({ method: 'POST', path: /\/interactive$/, status: 500, times: 2 });
    double.faults.plan({ method: 'UPGRADE', status: 503 });
    expect((await askClock(await driver.connect(id))).guest).toBeGreaterThan(0);
    expect(await driver.status(id)).toBe('running');
  });

  it('outlast what cuts everything after a while, and the end is still told', async () => {
    const id = newId();
    await start(id, 120_000);
    const stream = await driver.connect(id);
    await new Promise((resolve) => stream.once('close', resolve));
    const next = await driver.connect(id);
    const ended = driver.ended(id);
    next.write('exit 4\n');
    expect(await ended).toMatchObject({ reason: 'exited', code: 4 });
    expect(await double.remote.left(id)).toEqual([]);
  });
});

it('a takeover gives the sandbox another owner, and its stream', async () => {
  const id = newId();
  await start(id);
  const other = await createVercelDriver({ owner: 'two' });
  expect(other.reach).toBe(driver.reach);
  await other.adopt?.(id, 'two');
  expect(await other.all?.()).toEqual([{ id, owner: 'two' }]);
  expect((await askClock(await other.connect(id))).guest).toBeGreaterThan(0);
  expect(await driver.sweep('one')).toEqual([]);
  expect(await other.kill(id)).toEqual({ reason: 'killed' });
  expect(await driver.ended(id)).toMatchObject({ reason: 'lost' });
});

it('serves a door by calls that may be made again, and tells what Vercel bills', async () => {
  const door = await createVercelSandboxes(readVercelSettings());
  const id = randomUUID();
  const until = new Date(Date.now() + patient(60_000));
  const limits = { vcpus: 2, memoryBytes: 1e9, diskBytes: 256e6 };
  const forward = { name: 'seed.internal', url: 'http://127.0.0.1:9/door' };
  const asked = { owner: 'here', taskId: id, until, limits, forward };
  double.faults.plan({ method: 'POST', path: /v3\/sandboxes$/, cut: true });
  const { vendorId } = await door.create(id, asked);
  expect(await door.create(id, asked)).toEqual({ vendorId });
  await expect(door.create(id, { ...asked, taskId: 'another' })).rejects.toMatchObject({ code: 'sandbox_failed' });
  const sandbox = double.sessions.sandboxes.get(`seed-${id}`);
  expect(sandbox?.session.id).toBe(vendorId);
  expect(sandbox?.session.networkPolicy).toEqual({ allow: { [forward.name]: [{ forwardURL: forward.url }] } });
  for (const _ of ['first', 'again']) await door.startGuest(id, { door: 'https://seed.internal' });
  await expect.poll(() => double.remote.running(id), { timeout: 20_000 }).toHaveLength(1);
  const [program] = await commandLines(id);
  expect(program).toContain('"door":"https://seed.internal"');
  expect(program).not.toContain('listen');
  expect(await door.list('here')).toEqual([{ id, taskId: id }]);
  expect(await door.list('elsewhere')).toEqual([]);
  expect(await door.usage(id)).toMatchObject({ cpuSeconds: expect.any(Number) });
  double.faults.plan({ method: 'POST', path: /\/stop$/, status: 500, times: 4 });
  await door.kill(id);
  await door.kill(id);
  expect(await door.status(id)).toBe('gone');
  const usage = await door.usage(id);
  expect(usage?.cpuSeconds).toBeGreaterThan(0);
  expect(usage).toMatchObject({ peakMemoryBytes: 2 * 2048 * 1024 ** 2 });
  expect(await door.list('here')).toEqual([]);
  await door.kill('never-was');
});

async function commandLines(id: string): Promise<string[]> {
  const session = double.sessions.sandboxes.get(`seed-${id}`)?.session;
  const program = session?.machine?.run({ argv: ['pgrep', '-a', '-f', '^node '] });
  const said = (await program?.output.setEncoding('utf8').toArray()) ?? [];
  return said.join('').split('\n').filter(Boolean);
}

it('a bad hour at the vendor leaves no orphan, and starts nothing twice', async () => {
  double.faults.plan({ share: 0.15, times: 60, status: 500 });
  double.faults.plan({ share: 0.1, times: 30, cut: true, path: /\/(sandboxes|cmd|stop)$/ });
  const ids = Array.from({ length: 6 }, newId);
  const told: string[] = [];
  for (const pair of [ids.slice(0, 3), ids.slice(3)]) {
    await Promise.all(
      pair.map(async (id) => {
        try {
          await start(id);
          const stream = await driver.connect(id);
          expect((await askClock(stream)).guest).toBeGreaterThan(0);
          expect(await double.remote.running(id)).toHaveLength(1);
        } catch (error) {
          told.push((error as { code: string }).code);
        } finally {
          await driver.kill(id);
        }
      }),
    );
  }
  for (const code of told) expect(['unreachable', 'unavailable', 'sandbox_failed']).toContain(code);
  double.faults.clear();
  expect(runningMachines()).toBe(0);
});

it.each([
  ['without credentials', { VERCEL_TOKEN: '' }, /no credentials for Vercel: VERCEL_TOKEN not set/],
  ['without a snapshot', { SANDBOX_SNAPSHOT_ID: '' }, /SANDBOX_SNAPSHOT_ID is not set/],
  ['with a token that is not taken', { VERCEL_TOKEN: 'wrong' }, /token is not taken/],
  ['of another team', { VERCEL_TEAM_ID: 'team_other' }, /Not authorized/],
  [
    'with a token of OIDC that is none',
    { VERCEL_TOKEN: '', VERCEL_OIDC_TOKEN: 'a.b.c' },
    /VERCEL_OIDC_TOKEN is not/,
  ],
  ['with a snapshot that is gone', { SANDBOX_SNAPSHOT_ID: 'snap_x' }, /Snapshot not found/],
])('is not usable %s, and says so', async (_, settings, why) => {
  const before = { ...process.env };
  Object.assign(process.env, settings);
  try {
    const context = { cacheDir: '', dataDir: '', runscPath: '', owner: 'one' };
    const { driver: none, probes } = await selectDriver(context, 'vercel');
    expect(none).toBeUndefined();
    expect(probes[0]).toMatchObject({ driver: 'vercel', usable: false, why: expect.stringMatching(why) });
  } finally {
    for (const name of Object.keys(settings)) process.env[name] = before[name] ?? '';
  }
});

async function stopElsewhere(name: string): Promise<void> {
  const session = double.sessions.sandboxes.get(name)?.session;
  if (session) await double.sessions.stop(session);
}
