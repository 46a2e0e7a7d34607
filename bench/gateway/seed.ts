// A server and an upstream for the measurement, each a process of its own, and a running task to speak for. No
// sandbox: the measurement plays the runner.
import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { wholeEnvironment } from '../../src/lib/env.ts';
import { generateKeySecret } from '../../src/lib/key-secret.ts';
import type { Lease, RunnerState } from '../../src/protocol/runner.ts';

const SERVER = fileURLToPath(new URL('../../src/server/main.ts', import.meta.url));
const UPSTREAM = fileURLToPath(new URL('./upstream.ts', import.meta.url));

export interface GatewaySeed {
  serverPid: number;
  /** Of the gateway and of the upstream behind it, with /v1. */
  gatewayUrl: string;
  upstreamUrl: string;
  /** Starts a task with this model and leases it; its key calls the gateway until `stop`. */
  taskKey(model: string): Promise<string>;
  stop(): Promise<void>;
}

export async function startGatewaySeed(): Promise<GatewaySeed> {
  const dataDir = await mkdtemp(join(tmpdir(), 'seed-bench-'));
  const upstream = await startProcess<{ url: string }>(UPSTREAM, wholeEnvironment());
  const adminKey = generateKeySecret();
  const runnerToken = randomBytes(32).toString('hex');
  const server = await startProcess<{ ready: { url: string } }>(SERVER, {
    ...wholeEnvironment(),
    SEED_DATA_DIR: dataDir,
    SEED_ADMIN_KEY: adminKey,
    SEED_RUNNER_TOKEN: runnerToken,
    SEED_LOG_LEVEL: process.env['SEED_LOG_LEVEL'] ?? 'error',
    SEED_LLM_BASE_URL: upstream.said.url,
    SEED_LLM_API_KEY: 'none',
    DATABASE_URL: '',
    OPENROUTER_API_KEY: '',
    PORT: '0',
  });
  const { url } = server.said.ready;
  const post = async <Body>(path: string, bearer: string, body: object): Promise<Body> => {
    const response = await fetch(url + path, {
      method: 'POST',
      headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`POST ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as Body;
  };
  const leased: string[] = [];
  const heartbeat = (runnerId: string) => post('/runner/v1/heartbeat', runnerToken, { runnerId, tasks: leased });
  let stopped = false;
  const keepLeases = async () => {
    while (!stopped) await heartbeat(RUNNER.id).catch(() => undefined);
  };
  return {
    serverPid: server.child.pid ?? 0,
    gatewayUrl: `${url}/llm/v1`,
    upstreamUrl: upstream.said.url,
    taskKey: async (model) => {
      const lease = post<Lease>('/runner/v1/lease', runnerToken, { runner: RUNNER });
      // The lease waits for a task; a runner that was seen is what lets the task in.
      await post('/runner/v1/heartbeat', runnerToken, {
        runnerId: RUNNER.id,
        tasks: [randomUUID()],
        runner: RUNNER,
      });
      await post('/api/v1/tasks/run', adminKey, { instruction: 'none', model, timeout: 600_000 });
      const { taskId, taskKey } = await lease;
      leased.push(taskId);
      if (leased.length === 1) void keepLeases();
      return taskKey;
    },
    stop: async () => {
      stopped = true;
      await Promise.all([end(server.child), end(upstream.child)]);
      await rm(dataDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    },
  };
}

const RUNNER: RunnerState = {
  id: randomUUID(),
  name: 'bench',
  slots: 10,
  freeSlots: 10,
  driver: 'bench',
  isolation: 'user-kernel',
  probes: [{ driver: 'bench', usable: true, isolation: 'user-kernel' }],
};

/** Resolves with the first thing that the process says over IPC. */
async function startProcess<Said>(
  file: string,
  env: NodeJS.ProcessEnv,
): Promise<{ child: ChildProcess; said: Said }> {
  const child = fork(file, [], { env, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const exited = once(child, 'exit').then(([code]) => {
    throw new Error(`${file} ended with code ${code} before it was ready`);
  });
  exited.catch(() => undefined);
  const [said] = (await Promise.race([once(child, 'message'), exited])) as [Said];
  return { child, said };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}
