// A Seed that faults can be done to: its processes, the lines between them, and what is known of it from outside.
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, rm, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { wholeEnvironment } from '../../src/lib/env.ts';
import { generateKeySecret } from '../../src/lib/key-secret.ts';
import { cacheDirSetting } from '../../src/lib/settings.ts';
import type { Instances } from '../doubles/function-host/instances.ts';
import type { CuttableLine } from '../fixtures/cuttable-line.ts';
import { startReceiver, type WebhookReceiver } from '../fixtures/webhook-receiver.ts';
import type { FakeClock } from './fake-clock.ts';
import { type Rows, rowsOf } from './kept-postgres.ts';
import { type SlowModel, startSlowModel } from './model.ts';
import { sandboxFolders } from './processes.ts';
import { until } from './wait.ts';

/** Tasks that a runner works at at a time. */
const SLOTS = 3;
const READY_WITHIN_MS = 90_000;

export interface Stack {
  /** `npm start`, where that is what keeps the others running. */
  main: { pid(): number } | null;
  servers: readonly { url: string; pid(): Promise<number> }[];
  /** Processes of a function, which stand where a server would; missing: there is no function. */
  instances?: Instances;
  runners: readonly { dataDir: string; pid(): Promise<number> }[];
  postgres: { pid(): Promise<number> };
  /** From each runner to its server. */
  runnerLines: readonly CuttableLine[];
  /** From each server to the database. */
  databaseLines: readonly CuttableLine[];
  /** Of the last server; null: libfaketime is not installed. */
  clock: FakeClock | null;
  /** Where a small disk is mounted that Postgres keeps its data on; null: it lies with everything else. */
  smallDisk: string | null;
  common: Common;
  /** The rows of one statement; it goes past the lines. */
  rows(statement: string, parameters?: unknown[]): Promise<Rows>;
  /** Resolves when every server answers and as many runners can make sandboxes. */
  ready(signal: AbortSignal): Promise<void>;
  /** Folders of sandboxes that are there. */
  sandboxes(): Promise<string[]>;
  /** Ends and removes everything, but for the logs when they are to be looked at. */
  close(keepLogs: boolean): Promise<void>;
}

/** What every stack has, whatever its processes are. */
export interface Common {
  folder: string;
  /** Where the logs of its processes lie. */
  logs: string;
  adminKey: string;
  model: SlowModel;
  receiver: WebhookReceiver;
  /** Of servers and runners alike. */
  environment: NodeJS.ProcessEnv;
  close(keepLogs: boolean): Promise<void>;
}

export async function startCommon(): Promise<Common> {
  // Short: the path of a Unix socket holds a hundred characters.
  const folder = await mkdtemp(join(tmpdir(), 'seed-chaos-'));
  // Postgres does not run as root, and has to reach its data.
  await chmod(folder, 0o711);
  const logs = join(folder, 'logs');
  await mkdir(logs);
  const adminKey = generateKeySecret();
  const model = await startSlowModel();
  const receiver = await startReceiver();
  const environment = {
    ...wholeEnvironment(),
    SEED_CACHE_DIR: cacheDirSetting(),
    SEED_ADMIN_KEY: adminKey,
    SEED_RUNNER_TOKEN: randomBytes(32).toString('hex'),
    SEED_SECRETS_KEY: randomBytes(32).toString('hex'),
    SEED_WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8',
    SEED_LOG_LEVEL: 'info',
    SEED_LLM_BASE_URL: model.url,
    SEED_LLM_API_KEY: 'none',
    SEED_LLM_MODEL: 'slow',
    SEED_LLM_ALLOWED_MODELS: '',
    OPENROUTER_API_KEY: '',
    SEED_PACKS: 'examples/crm',
    SEED_RUNNER_SLOTS: String(SLOTS),
    SEED_DRIVER: 'gvisor',
    SEED_POOL_SIZE: '0',
    DATABASE_URL: '',
  };
  return {
    folder,
    logs,
    adminKey,
    model,
    receiver,
    environment,
    close: async (keepLogs) => {
      model.close();
      await receiver.close();
      for (const name of await readdir(folder)) {
        if (keepLogs && join(folder, name) === logs) continue;
        await rm(join(folder, name), { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
      }
      if (!keepLogs) await rmdir(folder);
    },
  };
}

/**
 * Waits for the first start, and gives the platform what tasks write to: sample rows, and a webhook that hears of
 * all tasks.
 */
export async function furnish(stack: Stack, signal: AbortSignal): Promise<Stack> {
  const { adminKey, receiver, logs } = stack.common;
  await stack.ready(signal).catch((cause) => {
    throw new Error(`this Seed does not start; its logs are in ${logs}`, { cause });
  });
  const events = ['task.completed', 'task.failed', 'task.stopped'];
  for (const [path, body] of [
    ['/packs/crm/samples', {}],
    ['/webhooks', { url: receiver.url, events }],
  ] as const) {
    const response = await fetch(`${stack.servers[0]?.url}/api/v1${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal,
    });
    if (!response.ok) throw new Error(`the platform was not made: ${response.status} ${await response.text()}`);
  }
  return stack;
}

/** What is known by the API, the database and the folders alone. */
export function outside(
  common: Common,
  databaseUrl: string,
  servers: Stack['servers'],
  runners: Stack['runners'],
): Pick<Stack, 'rows' | 'ready' | 'sandboxes'> {
  const sandboxes = async () => (await Promise.all(runners.map(({ dataDir }) => sandboxFolders(dataDir)))).flat();
  const ableRunners = async (url: string) => {
    const headers = { authorization: `Bearer ${common.adminKey}` };
    const signal = AbortSignal.timeout(5_000);
    const answer = await fetch(`${url}/api/v1/sandboxes`, { headers, signal });
    const { items } = (await answer.json()) as { items: { driver: string | null }[] };
    return items.filter(({ driver }) => driver !== null).length;
  };
  return {
    rows: (statement, parameters) => rowsOf(databaseUrl, statement, parameters),
    sandboxes,
    ready: async (signal) => {
      for (const { url } of servers) {
        await until(`the server at ${url} is ready`, READY_WITHIN_MS, signal, async () => {
          const { ok } = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(5_000) });
          return ok && (await ableRunners(url)) >= runners.length;
        });
      }
    },
  };
}
