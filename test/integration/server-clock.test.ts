// A server process whose machine has a wrong clock, and one that jumps: libfaketime sets it, for that process
// alone.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { generateKeySecret } from '../../src/lib/key-secret.ts';
import type { Lease } from '../../src/protocol/runner.ts';
import type { Task } from '../../src/protocol/task.ts';
import { makeFakeClock } from '../chaos/fake-clock.ts';
import { testDatabase } from '../fixtures/database.ts';

const HOUR_SECONDS = 3_600;
const token = 'r'.repeat(32);
const adminKey = generateKeySecret();

async function startServer(environment: NodeJS.ProcessEnv, dataDir: string): Promise<string> {
  const child: ChildProcess = spawn(process.execPath, ['src/server/main.ts'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, SEED_DATA_DIR: dataDir, SEED_RUNNER_TOKEN: token, PORT: '0', ...environment },
  });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  let stderr = '';
  child.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  const url = () => stderr.match(/"url":"(http:[^"]+)"/)?.[1];
  await expect.poll(url, { timeout: 25_000 }).toBeDefined();
  return url() ?? '';
}

test("a server's clock that is an hour wrong, and jumps, ends no task, ages no key and lengthens no queue", {
  timeout: 60_000,
}, async ({ skip }) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'seed-clock-'));
  onTestFinished(() => rm(dataDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }));
  const clock = await makeFakeClock(dataDir);
  if (clock === null) return skip('libfaketime is not installed');
  const { databaseUrl, drop } = await testDatabase();
  onTestFinished(drop);
  await clock.set(-HOUR_SECONDS);
  const url = await startServer(
    { DATABASE_URL: databaseUrl, SEED_ADMIN_KEY: adminKey, ...clock.environment },
    dataDir,
  );

  const send = (method: string, path: string, bearer: string, body?: object) =>
    fetch(url + path, {
      method,
      headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
  const taskOf = async (id: string) => {
    const answer = await send('GET', `/api/v1/tasks/${id}`, adminKey);
    return ((await answer.json()) as { task: Task }).task;
  };
  const runner = {
    id: randomUUID(),
    name: 'test',
    slots: 9,
    freeSlots: 9,
    driver: 'test',
    isolation: 'vm',
    probes: [],
  };
  /** Posts a task and takes it. */
  const take = async (): Promise<Lease> => {
    await send('POST', '/api/v1/tasks/run', adminKey, { instruction: 'do it', timeout: 60_000 });
    return (await (await send('POST', '/runner/v1/lease', token, { runner })).json()) as Lease;
  };
  const begin = async (lease: Lease) => {
    const report = { leaseId: lease.leaseId, phase: 'starting' };
    expect((await send('POST', `/runner/v1/tasks/${lease.taskId}/phase`, token, report)).status).toBe(204);
  };
  const jump = async (seconds: number) => {
    await clock.set(seconds);
    const ahead = async () => {
      const { headers } = await fetch(`${url}/healthz`);
      return Math.round((Date.parse(headers.get('date') ?? '') - Date.now()) / 60_000) * 60;
    };
    await expect.poll(ahead, { timeout: 5_000 }).toBe(seconds);
  };
  const runs = async ({ taskId, taskKey }: Lease) => {
    const task = await taskOf(taskId);
    expect(task.status).toBe('running');
    expect(task.queuedMs).toBeLessThan(5_000);
    expect(Date.parse(task.deadline ?? '') - Date.parse(task.startedAt ?? '')).toBe(60_000);
    expect(Math.abs(Date.parse(task.startedAt ?? '') - Date.now())).toBeLessThan(60_000);
    expect((await send('GET', '/api/v1/whoami', taskKey)).status).toBe(200);
  };

  const leases: Lease[] = [];
  for (const seconds of [-HOUR_SECONDS, HOUR_SECONDS, -HOUR_SECONDS]) {
    await jump(seconds);
    const lease = await take();
    expect(Math.abs(lease.leftMs - 60_000)).toBeLessThan(1_000);
    await begin(lease);
    leases.push(lease);
    for (const each of leases) await runs(each);
  }
  // The server does look: what nobody begins goes back in its time.
  await jump(HOUR_SECONDS);
  const unbegun = await take();
  await expect.poll(async () => (await taskOf(unbegun.taskId)).status, { timeout: 20_000 }).toBe('queued');
  for (const each of leases) await runs(each);
});
