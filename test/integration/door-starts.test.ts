// Starts and ends without a runner, through the death of the server between any two of their steps; and two servers
// that do the same at once.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { expect, test } from 'vitest';
import { generateKeySecret } from '../../src/lib/key-secret.ts';
import { SeedError } from '../../src/protocol/errors.ts';
import { testDatabase } from '../fixtures/database.ts';
import { type DoorSetUp, PUBLIC_URL, playedVendor, startDoorServer, startIssuer } from '../fixtures/door.ts';
import { serveVendor, startDoorProcess } from '../fixtures/door-process.ts';
import { until } from '../fixtures/seed.ts';

const STEPS = [
  ['create', 'before'],
  ['create', 'after'],
  ['startGuest', 'before'],
  ['startGuest', 'after'],
  ['kill', 'before'],
  ['kill', 'after'],
  ['usage', 'after'],
] as const;

test.each(STEPS)(
  'a server killed %s, %s it was done: the next one ends what it began, once',
  async (method, when) => {
    await using undo = new AsyncDisposableStack();
    const database = await testDatabase();
    undo.defer(() => database.drop());
    const issuer = undo.use(await startIssuer());
    const vendor = undo.use(await playedVendor(issuer));
    const dataDir = await mkdtemp(join(tmpdir(), 'seed-door-'));
    undo.defer(() => rm(dataDir, { recursive: true, force: true }));
    let isStarted = false;
    vendor.startGuest = async () => {
      isStarted = true;
    };
    const killed = Promise.withResolvers<void>();
    let isKilled = false;
    const served = undo.use(
      await serveVendor(vendor, (called, moment) => {
        if (isKilled || called !== method || moment !== when) return false;
        isKilled = true;
        killed.resolve();
        return true;
      }),
    );
    const adminKey = generateKeySecret();
    const environment = {
      ...{ SEED_DATA_DIR: dataDir, SEED_ADMIN_KEY: adminKey, SEED_RUNNER_TOKEN: 'r'.repeat(32) },
      ...{ DATABASE_URL: database.databaseUrl, SEED_SECRETS_KEY: 's'.repeat(32), SEED_PUBLIC_URL: PUBLIC_URL },
      ...{ SEED_DOOR_TEAM: 'team_1', SEED_DOOR_PROJECT: 'prj_1', SEED_DOOR_ISSUER: issuer.settings.issuer },
    };
    const first = await startDoorProcess(environment, served.url);
    undo.defer(() => first.kill());
    vendor.serverUrl = first.url;
    const call = async (url: string, path: string, init: RequestInit = {}) => {
      const headers = { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' };
      return (await (await fetch(url + path, { ...init, headers })).json()) as { task: Record<string, unknown> };
    };
    const body = JSON.stringify({ instruction: 'wait', timeout: 300_000 });
    const { task } = await call(first.url, '/api/v1/tasks/run', { method: 'POST', body });
    const { id } = task as { id: string };
    // The guest, played: it asks until it is answered, whichever server there is.
    const shown = { 'seed-guest': 'a'.repeat(64) };
    const result = JSON.stringify({ stdout: 'done once', stderr: null, exitCode: 0, error: null });
    const says = async (method: string, path: string, content?: string) => {
      const options = { headers: shown, ...(content !== undefined && { body: content }) };
      const answer = await vendor.forward(`seed-${id}`, method, path, options).catch(() => null);
      return answer?.status ?? 0;
    };
    const played = (async () => {
      await until('its start', async () => isStarted && (await says('GET', '/start')) === 200, 150_000);
      // Of a task that has ended by it nobody is let in any more.
      await until('its result', async () => [204, 403].includes(await says('POST', '/result', result)), 150_000);
    })();
    await killed.promise;
    await first.kill();

    // As if the minute were over for which the dead one has its start to itself.
    const client = new pg.Client(database.databaseUrl);
    await client.connect();
    undo.defer(() => client.end());
    await client.query("update door_starts set claimed_until = now() - interval '1 second'");
    const second = await startDoorProcess(environment, served.url);
    undo.defer(() => second.kill());
    vendor.serverUrl = second.url;
    const step = () => client.query('select step, sealed_key from door_starts where task_id = $1', [id]);
    await until('the end of the start', async () => (await step()).rows[0]?.step === 'ended', 150_000);
    await played;
    const { task: ended } = await call(second.url, `/api/v1/tasks/${id}`);
    expect(ended).toMatchObject({ status: 'completed', stdout: expect.stringContaining('done once') });
    expect(ended['usage']).toMatchObject({ cpuSeconds: 1.5 });
    expect([vendor.created, vendor.there.size, (await step()).rows[0]?.sealed_key]).toEqual([
      [`seed-${id}`],
      0,
      null,
    ]);
    const keys = await client.query('select revoked_at from keys where task_id = $1', [id]);
    expect(keys.rows.map(({ revoked_at }) => revoked_at !== null)).toEqual([true]);
  },
  300_000,
);

const post = async ({ server }: DoorSetUp, more: object = {}) => {
  const { body } = await server.call('POST', '/api/v1/tasks/run', { body: { instruction: 'wait', ...more } });
  return body.task.id as string;
};
const taskOf = async ({ server }: DoorSetUp, id: string) =>
  (await server.call('GET', `/api/v1/tasks/${id}`)).body.task;
const ended = (door: DoorSetUp, id: string) =>
  until('its end', async () => {
    const task = await taskOf(door, id);
    return task.completedAt !== null && task;
  });

test('two servers start each task once, and no more at a time than there is room for', async () => {
  await using door = await startDoorServer({ slots: 2 });
  const { vendor, server } = door;
  vendor.startGuest = async () => undefined;
  let most = 0;
  vendor.onCall = async (call) => {
    if (call === 'create') await sleep(50);
    most = Math.max(most, vendor.there.size);
  };
  const other = await server.sibling();
  const ids = await Promise.all(Array.from({ length: 5 }, () => post(door)));
  for (const _ of ids) {
    const running = await until('a start', async () => {
      for (const id of ids) {
        const { status } = await taskOf(door, id);
        if (status === 'running' && vendor.there.has(`seed-${id}`)) return id;
      }
      return null;
    });
    await server.call('POST', `/api/v1/tasks/${running}/stop`);
    await until('its sandbox to go', () => !vendor.there.has(`seed-${running}`));
  }
  expect(vendor.created.toSorted()).toEqual(ids.map((id) => `seed-${id}`).toSorted());
  expect(most).toBeLessThanOrEqual(2);
  await other.stop();
});

test('a vendor that is away for a moment is asked again; one that refuses ends the task', async () => {
  await using door = await startDoorServer();
  const { vendor } = door;
  vendor.startGuest = async () => undefined;
  let calls = 0;
  vendor.onCall = (call) => {
    calls += 1;
    if (call === 'create' && calls <= 2) throw new SeedError('unreachable', 'the vendor did not answer');
  };
  const id = await post(door);
  await until('its sandbox', () => vendor.there.has(`seed-${id}`));
  vendor.onCall = (call) => {
    if (call === 'create') throw new SeedError('invalid_input', 'there is no such snapshot');
  };
  const refused = await post(door);
  expect(await ended(door, refused)).toMatchObject({ status: 'failed', error: { code: 'sandbox_lost' } });
});

test('a deadline and a stop end the sandbox, and one that came too late is swept', async () => {
  await using door = await startDoorServer();
  const { vendor } = door;
  vendor.startGuest = async () => undefined;
  const id = await post(door, { timeout: 1_000 });
  await until('its sandbox', () => vendor.there.has(`seed-${id}`));
  const late = vendor.there.get(`seed-${id}`);
  // Looks have to have come in time for a while before the end of a task's time counts.
  expect(await until('its end', async () => (await taskOf(door, id)).status === 'timed_out', 40_000)).toBe(true);
  await until('its sandbox to go', () => !vendor.there.has(`seed-${id}`));
  if (late) vendor.there.set(`seed-${id}`, { ...late, guest: null, line: null, dir: null });
  const other = await door.server.sibling();
  await until('the sweep', () => vendor.there.size === 0);
  await other.stop();
}, 60_000);
