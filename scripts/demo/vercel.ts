// npm run demo -- --vercel: the plain demo as on Vercel, on this machine and without an account. The built function in
// processes that are stopped between requests, and the double of Vercel's sandboxes; once with sandboxes that call
// the function themselves (door), once with a runner that holds a stream to each.
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildFunction } from '../../deploy/vercel/build.ts';
import { startEmbeddedPostgres } from '../../src/db/embedded/start-embedded.ts';
import { env } from '../../src/lib/env.ts';
import { generateKeySecret } from '../../src/lib/key-secret.ts';
import { createLog } from '../../src/lib/log.ts';
import { cacheDirSetting } from '../../src/lib/settings.ts';
import { SeedError } from '../../src/protocol/errors.ts';
import type { Page } from '../../src/protocol/page.ts';
import type { Task } from '../../src/protocol/task.ts';
import PRICES from '../../src/server/models/prices.json' with { type: 'json' };
import { freePort } from '../../test/chaos/free-port.ts';
import { type FunctionHost, startFunctionHost } from '../../test/doubles/function-host/host.ts';
import { startVercelDouble, type VercelDouble } from '../../test/doubles/vercel-sandbox/double.ts';
import { startPgBouncer, whyNoPgBouncer } from '../../test/fixtures/pgbouncer.ts';
import { startS3 } from '../../test/fixtures/s3-server.ts';
import { runProgram, startProgram } from './child.ts';
import { showKeyCleanup } from './key-cleanup.ts';
import { type Connection, call, heading, say, seedCli } from './show.ts';

/** Vercel's, for Pro (docs/vercel.md). */
const COMPUTE = { vcpuSecond: 0.0000356, gbSecond: 0.0000059 };
/** The one name that sandboxes reach when they call in. */
const DOOR_NAME = 'seed.internal';
/** Requests at a time in one process, so that there are several. */
const CONCURRENCY = 2;
const FUNCTION_MS = 300_000;
/** Sandboxes and functions start cold. */
const PACE = { timeoutMs: 180_000, expiresInMs: 10_000 };
const BEHIND_MS = 60_000;
const logLevel = env('SEED_LOG_LEVEL') ?? 'error';
const secret = () => randomBytes(32).toString('hex');

interface Parts {
  folder: string;
  undo: AsyncDisposableStack;
  /** Aborted when the demo is to end: nothing is begun any more. */
  leaving: AbortSignal;
}

/** @returns what did not come out as it should, empty when all did */
export async function showVercel(parts: Parts): Promise<string[]> {
  const { folder, undo, leaving } = parts;
  const step = (message: string) => {
    leaving.throwIfAborted();
    say(message);
  };
  step('Starting Postgres, and an S3 store');
  const postgres = await startEmbeddedPostgres({ dataDir: folder, log: createLog('demo', 'error') });
  undo.defer(() => postgres.stop());
  const s3 = undo.adopt(await startS3(), (one) => one.close()).settings;
  const database = {
    DATABASE_URL: await pooled(postgres.databaseUrl, undo),
    SEED_DATABASE_DIRECT_URL: postgres.databaseUrl,
  };
  const migration = { ...database, SEED_PACKS: 'none', SEED_LOG_LEVEL: 'error' };
  await runProgram({ file: 'src/server/migrate-main.ts', env: migration, leaving });
  step('Building the function (npm run vercel)');
  const built = await buildFunction(join(folder, 'function'), { dashboard: false });
  step('Starting the double of Vercel Sandbox');
  const double = undo.use(await startVercelDouble({ cacheDir: cacheDirSetting() }));
  step('Making the snapshot of sandboxes (scripts/setup-sandbox-snapshot.ts --driver vercel)');
  const SANDBOX_SNAPSHOT_ID = await makeSnapshot(double.env, leaving);
  say(`SANDBOX_SNAPSHOT_ID=${SANDBOX_SNAPSHOT_ID}`);

  const prices = join(folder, 'prices.json');
  await writeFile(prices, JSON.stringify({ ...PRICES, compute: COMPUTE }));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const [adminKey, runnerToken, cronSecret] = [generateKeySecret(), secret(), secret()];
  const sandboxes = { ...double.env, SANDBOX_SNAPSHOT_ID };
  const environment = {
    ...database,
    ...{ SEED_ADMIN_KEY: adminKey, SEED_SECRETS_KEY: secret(), SEED_RUNNER_TOKEN: runnerToken },
    ...{ CRON_SECRET: cronSecret, SEED_PACKS: 'none' },
    ...{ SEED_S3_ENDPOINT: s3.endpoint, SEED_S3_BUCKET: s3.bucket, SEED_S3_REGION: s3.region },
    ...{ SEED_S3_ACCESS_KEY_ID: s3.accessKeyId, SEED_S3_SECRET_ACCESS_KEY: s3.secretAccessKey },
    ...{ SEED_PUBLIC_URL: url, SEED_PRICES_FILE: prices, SEED_LOG_LEVEL: logLevel },
  };
  const door = {
    ...{ SEED_DOOR_TEAM: double.credentials.teamId, SEED_DOOR_PROJECT: double.credentials.projectId },
    ...{ SEED_DOOR_ISSUER: double.issuer.url, SEED_DOOR_NAME: DOOR_NAME },
  };
  const deploy = (more: object) =>
    startFunctionHost({
      ...{
        folder: built.folder,
        port,
        concurrency: CONCURRENCY,
        mostMs: FUNCTION_MS,
        settleMs: FUNCTION_MS,
        cronSecret,
      },
      env: { ...environment, ...more },
    });
  const operator = { url, key: adminKey, home: folder };
  const problems: string[] = [];

  heading('By the door: sandboxes call the function themselves, by the one name that they reach');
  leaving.throwIfAborted();
  const first = undo.adopt(await deploy({ ...sandboxes, ...door }), (host) => host.stop());
  problems.push(...(await showTask('by the door', operator, { double, host: first })));
  await first.stop();

  heading('By stream: a runner holds a terminal to each sandbox');
  leaving.throwIfAborted();
  const second = undo.adopt(await deploy({}), (host) => host.stop());
  say('Starting a runner, which first tries a sandbox');
  const runner = {
    ...sandboxes,
    ...{ SEED_SERVER_URL: url, SEED_RUNNER_TOKEN: runnerToken, SEED_POOL_SIZE: '0', SEED_LOG_LEVEL: logLevel },
    ...{ SEED_DATA_DIR: join(folder, 'runner'), SEED_CACHE_DIR: cacheDirSetting() },
  };
  await startProgram({ file: 'src/runner/main.ts', env: runner, leaving }, undo);
  problems.push(...(await showTask('by stream', operator, { double, host: second })));
  return problems;
}

/** Through PgBouncer, where it is installed. */
async function pooled(databaseUrl: string, undo: AsyncDisposableStack): Promise<string> {
  const why = whyNoPgBouncer();
  if (why !== null) {
    say(`The function reaches Postgres itself. ${why}`);
    return databaseUrl;
  }
  say('The function reaches Postgres through PgBouncer, which lends it sessions by the transaction');
  const bouncer = undo.adopt(await startPgBouncer(databaseUrl, { default_pool_size: 20 }), (one) => one.stop());
  return bouncer.pooled(databaseUrl);
}

async function makeSnapshot(access: Record<string, string>, leaving: AbortSignal): Promise<string> {
  const said = await runProgram({
    ...{ file: 'scripts/setup-sandbox-snapshot.ts', args: ['--driver', 'vercel'], leaving },
    env: { ...access, SEED_CACHE_DIR: cacheDirSetting() },
  });
  return said.split('\n')[0] ?? '';
}

/** The plain demo in an account of its own; what the task cost, and what Vercel would bill for all of it. */
async function showTask(
  name: string,
  operator: Connection,
  { double, host }: { double: VercelDouble; host: FunctionHost },
): Promise<string[]> {
  const account = await call<{ secret: string }>(operator, 'POST', '/accounts', { name });
  const own = { ...operator, key: account.secret };
  const before = double.forwarded.length;
  const problems = await showKeyCleanup(own, PACE);
  const { id } = await lastTask(own);
  heading('Its ledger: every command that it called');
  await seedCli(own, ['tasks', 'ledger', id, '--limit', '100']);
  heading('Its bill, by Vercel’s price list');
  // Its sandbox ends behind its task, and only then the vendor has figures.
  const billed = await eventually(
    () => lastTask(own),
    ({ usage }) => usage !== null,
  );
  const { usage, cost, resources } = billed;
  if (usage === null || cost.compute === 0) return [...problems, `what the task ${name} used is not known`];
  const { cpuSeconds, wallMs } = usage;
  const gb = resources.memoryMb / 1024;
  say(
    `${cpuSeconds.toFixed(1)} s of processor and ${gb.toFixed(1)} GB for ${(wallMs / 1000).toFixed(1)} s: $${cost.compute.toFixed(6)}`,
  );
  say(`The model: $${cost.llm.toFixed(6)}. In all: $${cost.total.toFixed(6)}`);
  const { started, frozen } = host.counts;
  const asked = double.forwarded.length - before;
  if (asked > 0) say(`Its sandbox called the function ${asked} times.`);
  say(`The function ran in ${started} processes, which were stopped between requests ${frozen} times.`);
  const running = () => [...double.sessions.sessions.values()].filter((one) => one.status === 'running').length;
  const left = await eventually(
    async () => running(),
    (count) => count === 0,
  );
  return left === 0 ? problems : [...problems, `${left} sandboxes were left behind ${name}`];
}

const lastTask = async (connection: Connection): Promise<Task> => {
  const [task] = (await call<Page<Task>>(connection, 'GET', '/tasks?limit=1')).items;
  if (task) return task;
  throw new SeedError('not_found', 'there is no task');
};

/** What is so behind the end of a task. @returns what there is, as it should be or not, after a minute at most */
async function eventually<Value>(look: () => Promise<Value>, isSo: (value: Value) => boolean): Promise<Value> {
  const giveUpAt = performance.now() + BEHIND_MS;
  for (;;) {
    const value = await look();
    if (isSo(value) || performance.now() > giveUpAt) return value;
    await sleep(500);
  }
}
