// The built function in the place of a server (test/doubles/function-host): its processes come, freeze and go, and
// reach Postgres by a pooler of transactions where PgBouncer is there. With a runner of its own.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildFunction } from '../../deploy/vercel/build.ts';
import { exec } from '../../src/lib/exec.ts';
import { startFunctionHost } from '../doubles/function-host/host.ts';
import { startLine } from '../fixtures/cuttable-line.ts';
import { startPgBouncer, whyNoPgBouncer } from '../fixtures/pgbouncer.ts';
import { startS3 } from '../fixtures/s3-server.ts';
import { keepPostgres } from './kept-postgres.ts';
import { keepRunning } from './kept-process.ts';
import { removeSandboxes } from './processes.ts';
import { furnish, outside, type Stack, startCommon } from './stack.ts';

const SEED = fileURLToPath(new URL('../../bin/seed', import.meta.url));
const RUNNER = fileURLToPath(new URL('../../src/runner/main.ts', import.meta.url));
/** Requests at a time in one process: few, so that several processes are there. */
const CONCURRENCY = 3;
const CRON_EVERY_MS = 2_000;

export async function startFunctions(signal: AbortSignal): Promise<Stack> {
  const undo = new AsyncDisposableStack();
  let logsAreOfUse = true;
  try {
    const common = await startCommon();
    undo.defer(() => common.close(logsAreOfUse && !signal.aborted));
    const { folder, logs, environment } = common;
    const [postgres] = await Promise.all([
      keepPostgres(join(folder, 'database')),
      buildFunction(join(folder, 'function'), { examples: true, dashboard: false }),
    ]);
    undo.defer(() => postgres.stop());
    await exec(SEED, ['migrate'], { env: { ...environment, DATABASE_URL: postgres.databaseUrl } });
    const line = await startLine(await socketOfPooler(postgres.databaseUrl, undo));
    undo.defer(() => line.close());
    const s3 = await startS3();
    undo.defer(() => s3.close());
    const cronSecret = randomBytes(32).toString('hex');
    const host = await startFunctionHost({
      folder: join(folder, 'function'),
      cronSecret,
      cronEveryMs: CRON_EVERY_MS,
      concurrency: CONCURRENCY,
      logFile: join(logs, 'function.log'),
      env: {
        ...environment,
        CRON_SECRET: cronSecret,
        DATABASE_URL: `postgres://seed@127.0.0.1:${line.port}/postgres`,
        SEED_S3_ENDPOINT: s3.settings.endpoint,
        SEED_S3_BUCKET: s3.settings.bucket,
        SEED_S3_REGION: s3.settings.region,
        SEED_S3_ACCESS_KEY_ID: s3.settings.accessKeyId,
        SEED_S3_SECRET_ACCESS_KEY: s3.settings.secretAccessKey,
      },
    });
    undo.defer(() => host.stop());
    const dataDir = join(folder, 'runner');
    const runnerEnvironment = { ...environment, SEED_DATA_DIR: dataDir, SEED_SERVER_URL: host.url };
    const runner = keepRunning(RUNNER, runnerEnvironment, join(logs, 'runner.log'));
    undo.defer(() => removeSandboxes(dataDir));
    undo.defer(() => runner.stop());
    const servers = [{ url: host.url, pid: async () => host.instances.pids()[0] ?? 0 }];
    const runners = [{ dataDir, pid: async () => runner.pid() }];
    return await furnish(
      {
        main: null,
        servers,
        instances: host.instances,
        runners,
        postgres: { pid: async () => postgres.pid() },
        runnerLines: [],
        databaseLines: [line],
        clock: null,
        smallDisk: null,
        common,
        ...outside(common, postgres.databaseUrl, servers, runners),
        close: (keepLogs) => {
          logsAreOfUse = keepLogs;
          return undo.disposeAsync();
        },
      },
      signal,
    );
  } catch (error) {
    await undo.disposeAsync();
    throw error;
  }
}

/** Of Postgres itself, where there is no pooler. */
async function socketOfPooler(databaseUrl: string, undo: AsyncDisposableStack): Promise<string> {
  if (whyNoPgBouncer() !== null) return socketOf(databaseUrl);
  const pooler = await startPgBouncer(databaseUrl, { default_pool_size: 10 });
  undo.defer(() => pooler.stop());
  return socketOf(pooler.pooled(databaseUrl));
}

function socketOf(databaseUrl: string): string {
  const { port, searchParams } = new URL(databaseUrl);
  return `${searchParams.get('host')}/.s.PGSQL.${port || 5432}`;
}
