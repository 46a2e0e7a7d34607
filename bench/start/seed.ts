// A whole Seed for a measurement: server and runner as `npm start` has them, on a throw-away folder.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startAllInOne } from '../../src/all-in-one.ts';
import { wholeEnvironment } from '../../src/lib/env.ts';
import { generateKeySecret } from '../../src/lib/key-secret.ts';
import { cacheDirSetting } from '../../src/lib/settings.ts';
import type { RunnerView } from '../../src/protocol/runner.ts';
import type { Task } from '../../src/protocol/task.ts';
import type { ModelServer } from './model-server.ts';

/** Asking costs the server time, too, which counts as its own. */
const ASK_EVERY_MS = 250;

export interface BenchSeed {
  runnerPid: number;
  /** Its database is below it. */
  serverPid: number;
  /** Posts a task and gives the time until its first model request, and the task at its end. */
  runTask(mark: string): Promise<{ firstRequestMs: number; acceptedMs: number; task: Task }>;
  /** Resolves when as many sandboxes wait and nothing runs. */
  poolIsReady(size: number): Promise<RunnerView>;
  runners(): Promise<RunnerView[]>;
  stop(): Promise<void>;
}

export async function startBenchSeed(
  model: ModelServer,
  settings: { slots: number; poolSize: number; environment?: NodeJS.ProcessEnv },
): Promise<BenchSeed> {
  const dataDir = await mkdtemp(join(tmpdir(), 'seed-bench-'));
  const adminKey = generateKeySecret();
  const seed = await startAllInOne({
    ...(settings.environment ?? wholeEnvironment()),
    SEED_DATA_DIR: dataDir,
    SEED_CACHE_DIR: cacheDirSetting(),
    SEED_ADMIN_KEY: adminKey,
    SEED_LOG_LEVEL: process.env['SEED_LOG_LEVEL'] ?? 'error',
    SEED_LLM_BASE_URL: model.url,
    SEED_LLM_API_KEY: 'none',
    SEED_LLM_MODEL: 'bench',
    SEED_RUNNER_SLOTS: String(settings.slots),
    SEED_POOL_SIZE: String(settings.poolSize),
    DATABASE_URL: '',
    OPENROUTER_API_KEY: '',
    PORT: '0',
  });
  const call = async <Body>(method: string, path: string, body?: object): Promise<Body> => {
    const response = await fetch(`${seed.url}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as Body;
  };
  const ended = async (id: string): Promise<Task> => {
    for (;;) {
      const { task } = await call<{ task: Task }>('GET', `/tasks/${id}`);
      if (task.completedAt !== null) return task;
      await sleep(ASK_EVERY_MS);
    }
  };
  const runners = async () => (await call<{ items: RunnerView[] }>('GET', '/sandboxes')).items;
  return {
    runners,
    runnerPid: seed.runnerPid(),
    serverPid: seed.serverPid(),
    runTask: async (mark) => {
      const asked = model.asked(mark);
      const startedAt = performance.now();
      const { task } = await call<{ task: Task }>('POST', '/tasks/run', {
        instruction: mark,
        timeout: 60_000,
      });
      const acceptedMs = performance.now() - startedAt;
      const end = ended(task.id);
      const failed = end.then(async (final) => {
        await sleep(100);
        throw new Error(`a task ended without asking its model: ${JSON.stringify(final.error)}`);
      });
      failed.catch(() => undefined);
      const firstRequestMs = (await Promise.race([asked, failed])) - startedAt;
      const ran = await end;
      // A time is one of a task that did its work, or it is none.
      if (ran.status !== 'completed' || ran.stdout !== 'done')
        throw new Error(`a task ended ${ran.status} with ${ran.stdout}: ${JSON.stringify(ran.error)}`);
      return { firstRequestMs, acceptedMs, task: ran };
    },
    poolIsReady: async (size) => {
      for (;;) {
        const [runner] = await runners();
        if (runner && (runner.pool?.ready ?? 0) >= size && runner.sandboxes.length === 0) return runner;
        await sleep(ASK_EVERY_MS);
      }
    },
    stop: async () => {
      await seed.stop();
      await rm(dataDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    },
  };
}
