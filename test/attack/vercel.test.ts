// What an agent can do in a sandbox of Vercel's, by stream and by the door, against the double: what its own machine,
// the relay and the server keep it from. Its memory and processes are its machine's, which the vendor limits.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Task } from '../../src/protocol/task.ts';
import { flood, ODD_FILES, outcomesOf, TRICKS_FAIL, tricks } from '../fixtures/attack-scripts.ts';
import { bash, startSeed, type TestSeed, until } from '../fixtures/seed.ts';
import type { TestServer } from '../fixtures/server.ts';
import { startVercelDoor } from '../fixtures/vercel-door.ts';
import { type ReadyDouble, readyDouble } from '../fixtures/vercel-double.ts';

type Called = Pick<TestSeed, 'call'>;

let double: ReadyDouble;
let byStream: TestSeed;
let byDoor: TestServer;
beforeAll(async () => {
  double = await readyDouble();
  byStream = await startSeed({ ...double.env, SEED_SANDBOX_PATIENCE: '4' });
  byDoor = await startVercelDoor(double);
}, 400_000);
afterAll(async () => {
  await byDoor?.stop();
  await byStream?.remove();
  await double?.[Symbol.asyncDispose]();
});

async function post({ call }: Called, instruction: string, more: object = {}, key?: string): Promise<string> {
  const body = { instruction, scopes: ['keys:read'], timeout: 120_000, ...more };
  const options = { body, ...(key !== undefined && { key }) };
  const answer = await call<{ task: Task }>('POST', '/api/v1/tasks/run', options);
  expect(answer.status).toBe(202);
  return answer.body.task.id;
}

async function attack({ call }: Called, script: string, more: object = {}): Promise<Task> {
  const id = await post({ call }, bash(script), more);
  const look = async () => (await call<{ task: Task }>('GET', `/api/v1/tasks/${id}`)).body.task;
  return until(
    `the end of ${id}`,
    async () => {
      const task = await look();
      return task.completedAt !== null && task;
    },
    150_000,
  );
}

describe.concurrent.each([
  ['stream', () => byStream],
  ['door', () => byDoor as Called],
] as const)('by %s', (_, seed) => {
  it('without end to standard output: cut, and the task ends', async () => {
    const task = await attack(seed(), 'timeout 8 head -c 10G /dev/zero | tr "\\0" x');
    expect(task.status).toBe('completed');
    expect(Buffer.byteLength(task.stdout ?? '')).toBeLessThanOrEqual(256 * 1024);
    expect(task.stdout).toContain('xxx');
  }, 180_000);

  it('tricks with paths, ids, keys, sockets, mounts and signals lead nowhere', async () => {
    const { call } = seed();
    const account = await call<{ secret: string }>('POST', '/api/v1/accounts', { body: { name: 'stranger' } });
    // That there are such is enough.
    const stopped = async (key?: string) => {
      const id = await post(seed(), bash('true'), {}, key);
      await call('POST', `/api/v1/tasks/${id}/stop`, key === undefined ? {} : { key });
      return id;
    };
    const [own, strange] = [await stopped(), await stopped(account.body.secret)];
    const task = await attack(seed(), tricks(own, strange));
    expect(task.status).toBe('completed');
    expect(outcomesOf(task.stdout)).toMatchObject(TRICKS_FAIL);
  }, 180_000);
});

// The limits of files and rates are the relay's, and the same code by either way.
describe.concurrent('by stream alone', () => {
  it('a full disk, files without end and odd names: the limits hold, and what is told is short', async () => {
    const task = await attack(byStream, ODD_FILES, { resources: { diskMb: 64 } });
    expect(task.status).toBe('completed');
    expect(task.artifacts.length).toBeGreaterThan(0);
    expect(task.artifacts.length).toBeLessThanOrEqual(100);
    expect(task.artifacts.reduce((sum, { size }) => sum + size, 0)).toBeLessThanOrEqual(64 * 1024 * 1024);
    const names = task.artifacts.map(({ name }) => name);
    expect(names.filter((name) => /shadow|root|pipe|exe|[^\w/]/.test(name))).toEqual([]);
    expect(task.stderr?.length ?? 0).toBeLessThan(20_000);
  }, 180_000);

  it('a flood of requests is answered, or refused as too many', async () => {
    const task = await attack(byStream, flood(40));
    expect(task.status).toBe('completed');
    const seen = JSON.parse(/\{.*\}/.exec(task.stdout ?? '')?.[0] ?? '{}') as Record<string, number>;
    expect(seen['200']).toBeGreaterThan(0);
    expect(Object.keys(seen).filter((status) => !['200', '429'].includes(status))).toEqual([]);
  }, 180_000);
});
