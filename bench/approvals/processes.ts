// The server of the measurement, in a process of its own with its own Postgres, and what processes take.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { wholeEnvironment } from '../../src/lib/env.ts';
import { parseStat, processTree } from '../../src/lib/host-processes.ts';
import { generateKeySecret } from '../../src/lib/key-secret.ts';
import { SERVER_MEMORY } from '../../src/lib/server-memory.ts';
import { cacheDirSetting } from '../../src/lib/settings.ts';

export interface ApprovalsServer extends AsyncDisposable {
  url: string;
  pid: number;
  runnerToken: string;
  /** Decides. */
  adminKey: string;
  /** Posts the tasks, and may not decide on what they ask. */
  poster: string;
  call<Body>(method: string, path: string, options: { key: string; body?: object }): Promise<Body>;
  /** A real runner, with one slot. */
  startRunner(): Promise<{ pid: number } & AsyncDisposable>;
}

const SOURCE = new URL('../../src/', import.meta.url).pathname;

export async function startApprovalsServer(): Promise<ApprovalsServer> {
  const dataDir = await mkdtemp(join(tmpdir(), 'seed-bench-'));
  const adminKey = generateKeySecret();
  const runnerToken = 'r'.repeat(32);
  const { environment, nodeOptions } = SERVER_MEMORY;
  const start = async (program: string, more: NodeJS.ProcessEnv): Promise<[ChildProcess, { url?: string }]> => {
    const child = spawn(process.execPath, [...nodeOptions, join(SOURCE, program)], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      env: {
        ...environment,
        ...wholeEnvironment(),
        SEED_LOG_LEVEL: 'error',
        SEED_RUNNER_TOKEN: runnerToken,
        ...more,
      },
    });
    const [{ ready }] = (await once(child, 'message')) as [{ ready: { url?: string } }];
    return [child, ready];
  };
  const end = async (child: ChildProcess) => {
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    await exited;
  };
  const [server, { url = '' }] = await start('server/main.ts', {
    SEED_DATA_DIR: dataDir,
    SEED_ADMIN_KEY: adminKey,
    DATABASE_URL: '',
    OPENROUTER_API_KEY: '',
    SEED_PACKS: 'none',
    PORT: '0',
  });
  const call: ApprovalsServer['call'] = async <Body>(
    method: string,
    path: string,
    { key, body }: { key: string; body?: object },
  ) => {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
    const response = await fetch(url + path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return (await (response.status === 204 ? null : response.json())) as Body;
  };
  const made = await call<{ secret: string }>('POST', '/api/v1/keys', {
    key: adminKey,
    body: { name: 'poster', scopes: ['tasks:*', 'keys:*'], requestsPerMinute: 100_000 },
  });
  return {
    url,
    pid: server.pid ?? 0,
    runnerToken,
    adminKey,
    poster: made.secret,
    call,
    async startRunner() {
      const [child] = await start('runner/main.ts', {
        SEED_DATA_DIR: join(dataDir, 'runner'),
        SEED_CACHE_DIR: cacheDirSetting(),
        SEED_SERVER_URL: url,
        SEED_RUNNER_SLOTS: '1',
        SEED_POOL_SIZE: '0',
        SEED_DRAIN_SECONDS: '0',
      });
      return { pid: child.pid ?? 0, [Symbol.asyncDispose]: () => end(child) };
    },
    async [Symbol.asyncDispose]() {
      await end(server);
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** Of the process alone. */
export async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}

export async function cpuSecondsOf(pid: number): Promise<number> {
  return parseStat(await readFile(`/proc/${pid}/stat`, 'utf8')).cpuSeconds;
}

/** Of all that descends from the process, without itself. */
export async function cpuSecondsBelow(pid: number): Promise<number> {
  const below = (await processTree(pid)).filter((one) => one.pid !== pid);
  return below.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0);
}
