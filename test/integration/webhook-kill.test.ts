// kill -9 at random moments under load: every event of a committed change arrives at least once, with one id, and
// none arrives of a change that was not committed.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { bundle } from '../../src/lib/bundle.ts';
import { generateKeySecret } from '../../src/lib/key-secret.ts';
import { until } from '../fixtures/seed.ts';
import { type DispatcherTest, openDispatcherTest, SECRETS_KEY } from '../fixtures/webhook-dispatcher.ts';
import { startReceiver, type WebhookReceiver } from '../fixtures/webhook-receiver.ts';
import type { WorkerTask } from '../fixtures/webhook-worker.ts';

const WORKER = new URL('../fixtures/webhook-worker.ts', import.meta.url);
const SERVER = fileURLToPath(new URL('../../src/server/main.ts', import.meta.url));
/** SEED_KILLS=full for the long form. */
const KILLS = process.env['SEED_KILLS'] === 'full' ? 100 : 24;
/** Of the whole server, which takes a second or two to be there again; SEED_SERVER_KILLS asks for more. */
const SERVER_KILLS = Number(process.env['SEED_SERVER_KILLS'] ?? 3);
/** Processes that live and die side by side. */
const LINES = 4;
const LIFE_MOST_MS = 300;
/** What packages that are no ES modules expect to find in a bundle that is one. */
const REQUIRE = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

let folder: string;
let worker: string;
let seed: DispatcherTest;
let receiver: WebhookReceiver;
const running = new Set<ChildProcess>();
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'seed-worker-'));
  worker = join(folder, 'worker.mjs');
  // Many starts, of which none reads two hundred files.
  await writeFile(worker, await bundle(WORKER, { external: ['pg-native'], banner: { js: REQUIRE } }));
});
afterAll(() => rm(folder, { recursive: true }));
beforeEach(async () => {
  seed = await openDispatcherTest();
  receiver = await startReceiver();
});
afterEach(async () => {
  for (const child of running) child.kill('SIGKILL');
  running.clear();
  await receiver.close();
  await seed.close();
});

async function killed(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  expect((await exited)[1]).toBe('SIGKILL');
  running.delete(child);
}

/** Compares what was committed with what came. Returns how many events there were and how many came twice. */
async function compare(): Promise<{ events: number; twice: number }> {
  const { rows } = await sql<{ key: string; event: string; deliveries: number }>`
    select keys.id as key, event.id as event,
      (select count(*) from webhook_deliveries where event_id = event.id) as deliveries
    from keys left join webhook_events as event on event.data->>'keyId' = keys.id::text and event.type = 'key.created'
    where keys.name = 'made under fire'`.execute(seed.store.db);
  const ours = receiver.received.filter(({ body }) => body.data['name'] === 'made under fire');
  const came = Map.groupBy(ours, ({ headers }) => headers['webhook-id'] ?? '');
  for (const { key, event, deliveries } of rows) {
    expect(event, `the event of key ${key}`).toBeTruthy();
    expect(deliveries, `deliveries of event ${event}`).toBe(1);
    expect(came.get(event)?.[0]?.body.data['keyId'], `what came of event ${event}`).toBe(key);
  }
  const committed = new Set(rows.map(({ event }) => event));
  for (const id of came.keys()) expect(committed.has(id), `event ${id} was committed`).toBe(true);
  const twice = [...came.values()].filter((all) => all.length > 1).length;
  return { events: rows.length, twice };
}

const nothingPending = () =>
  until(
    'all is delivered',
    async () => {
      const { rows } = await sql<{ left: number }>`
        select (select count(*) from webhook_events where position is null)
          + (select count(*) from webhook_deliveries where status = 'pending') as left`.execute(seed.store.db);
      return rows[0]?.left === 0;
    },
    60_000,
  );

it(`${KILLS} kills of the store and the dispatcher under load`, { timeout: 180_000 }, async () => {
  await seed.endpoint(receiver.url, ['key.created']);
  const task: WorkerTask = {
    databaseUrl: seed.databaseUrl,
    accountId: seed.account.id,
    secretsKey: SECRETS_KEY,
    writers: 2,
  };
  const start = async (writers: number) => {
    const child = spawn(process.execPath, [worker, JSON.stringify({ ...task, writers })], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    running.add(child);
    await once(child.stdout, 'data');
    return child;
  };
  const line = async () => {
    for (let kill = 0; kill < KILLS / LINES; kill += 1) {
      const child = await start(task.writers);
      await sleep(Math.random() * LIFE_MOST_MS);
      await killed(child);
    }
  };
  await Promise.all(Array.from({ length: LINES }, line));
  await start(0);
  await nothingPending();
  const { events, twice } = await compare();
  expect(events).toBeGreaterThan(2 * KILLS);
  process.stderr.write(`${KILLS} kills, ${events} events, ${twice} of them came more than once\n`);
});

it(`${SERVER_KILLS} kills of the whole server under load`, {
  timeout: 60_000 + SERVER_KILLS * 20_000,
}, async () => {
  const adminKey = generateKeySecret();
  await seed.endpoint(receiver.url, ['key.created']);
  const start = async () => {
    const child = spawn(process.execPath, [SERVER], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: {
        ...process.env,
        SEED_DATA_DIR: tmpdir(),
        SEED_RUNNER_TOKEN: 'r'.repeat(32),
        SEED_SECRETS_KEY: SECRETS_KEY,
        SEED_WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8',
        SEED_ADMIN_KEY: adminKey,
        SEED_LOG_LEVEL: 'info',
        DATABASE_URL: seed.databaseUrl,
        PORT: '0',
      },
    });
    running.add(child);
    let said = '';
    child.stderr.on('data', (chunk) => {
      said += chunk;
    });
    const url = await until('the server listens', () => /"url":"(http:[^"]+)"/.exec(said)?.[1], 30_000);
    return { child, url };
  };
  let answered = 0;
  const post = async (url: string) => {
    const response = await fetch(`${url}/api/v1/keys`, {
      method: 'POST',
      headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'made under fire', scopes: ['keys:read'] }),
    });
    if (response.status === 201) answered += 1;
  };
  for (let kill = 0; kill < SERVER_KILLS; kill += 1) {
    const { child, url } = await start();
    await post(url);
    let dead = false;
    const load = Array.from({ length: 4 }, async () => {
      while (!dead) await post(url).catch(() => undefined);
    });
    await sleep(Math.random() * 500);
    dead = true;
    await killed(child);
    await Promise.all(load);
  }
  await start();
  await nothingPending();
  const { events, twice } = await compare();
  expect(events).toBeGreaterThanOrEqual(answered);
  expect(answered).toBeGreaterThan(SERVER_KILLS);
  process.stderr.write(`${SERVER_KILLS} kills, ${events} events, ${twice} of them came more than once\n`);
});
