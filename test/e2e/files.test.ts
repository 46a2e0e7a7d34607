// Files in and artifacts out with a real sandbox, however the task ends.
import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Task } from '../../src/protocol/task.ts';
import { bash, startSeed, type TestSeed, until } from '../fixtures/seed.ts';

let seed: TestSeed;
beforeAll(async () => {
  seed = await startSeed();
});
afterAll(() => seed?.remove());

const sha256 = (content: string | Uint8Array) => createHash('sha256').update(content).digest('hex');

async function download(taskId: string, name: string): Promise<Buffer> {
  const path = `/api/v1/tasks/${taskId}/artifacts/content?name=${encodeURIComponent(name)}`;
  const response = await fetch(seed.url + path, { headers: { authorization: `Bearer ${seed.adminKey}` } });
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
  return Buffer.from(await response.arrayBuffer());
}

/** Waits until the artifact is there, with this content where one is given. */
const artifact = (taskId: string, name: string, content?: string) =>
  until(`the artifact ${name}`, async () => {
    const { artifacts } = await seed.getTask(taskId);
    return artifacts.find((one) => one.name === name && (!content || one.sha256 === sha256(content)));
  });

/** Sends files as the parts of a form and waits for the task's end. */
async function runWithFiles(body: object, files: Record<string, string | Uint8Array<ArrayBuffer>>): Promise<Task> {
  const form = new FormData();
  form.append('task', JSON.stringify(body));
  for (const [name, content] of Object.entries(files)) form.append('file', new Blob([content]), name);
  const response = await fetch(`${seed.url}/api/v1/tasks/run`, {
    method: 'POST',
    headers: { authorization: `Bearer ${seed.adminKey}`, prefer: 'wait=60' },
    body: form,
  });
  return ((await response.json()) as { task: Task }).task;
}

describe('a task with files', () => {
  it('finds them in /workspace/in, and what it leaves in /workspace/out are its artifacts', async () => {
    const big = new Uint8Array(randomBytes(5_000_000));
    const task = await runWithFiles(
      {
        instruction: bash(
          `cd /workspace/in && find . -type f | sort && stat -c '%u %a' data/März.csv && ! touch x 2>/dev/null
sha256sum big.bin && mkdir -p /workspace/out/sums && cp big.bin /workspace/out/ &&
awk -F, '{ s += $2 } END { print s }' data/März.csv | tee /workspace/out/sums/total.txt && touch /workspace/out/empty`,
        ),
      },
      { 'data/März.csv': 'a,1\nb,41\n', 'big.bin': big },
    );
    expect(task).toMatchObject({ status: 'completed', stderr: null });
    expect(task.stdout?.split('\n')).toEqual([
      './big.bin',
      './data/März.csv',
      '0 444',
      `${sha256(big)}  big.bin`,
      '42',
    ]);
    expect(task.artifacts).toEqual([
      { name: 'big.bin', size: 5_000_000, type: 'application/octet-stream', sha256: sha256(big) },
      { name: 'empty', size: 0, type: 'application/octet-stream', sha256: sha256('') },
      { name: 'sums/total.txt', size: 3, type: 'text/plain; charset=utf-8', sha256: sha256('42\n') },
    ]);
    expect(sha256(await download(task.id, 'big.bin'))).toBe(sha256(big));
    expect((await download(task.id, 'sums/total.txt')).toString()).toBe('42\n');
  });

  it('keeps the last content of each, and nothing of what it deleted or renamed', async () => {
    const task = await seed.runTask({
      instruction: bash(
        'cd /workspace/out; echo 1 > kept; echo x > gone; echo x > unfinished; sleep 1.5; rm gone; mv unfinished finished; echo 2 > kept',
      ),
    });
    expect(task.artifacts).toMatchObject([
      { name: 'finished', sha256: sha256('x\n') },
      { name: 'kept', sha256: sha256('2\n') },
    ]);
  });
});

describe('a task that is not let finish keeps what was there a second before', () => {
  const WORK = 'cd /workspace/out; echo one > a.txt; mkdir d; echo two > d/b.txt; echo so far';

  it('its deadline', async () => {
    const task = await seed.runTask({ instruction: bash(`${WORK}; sleep 600`), timeout: 12_000 });
    expect(task).toMatchObject({ status: 'timed_out', artifacts: [{ name: 'a.txt' }, { name: 'd/b.txt' }] });
    expect((await download(task.id, 'd/b.txt')).toString()).toBe('two\n');
  });

  it('a stop', async () => {
    const task = await seed.postTask({ instruction: bash(`${WORK}; sleep 600`) });
    await artifact(task.id, 'd/b.txt');
    await seed.call('POST', `/api/v1/tasks/${task.id}/stop`);
    const stopped = await seed.getTask(task.id);
    expect(stopped).toMatchObject({ status: 'stopped', artifacts: [{ name: 'a.txt' }, { name: 'd/b.txt' }] });
    expect((await download(task.id, 'a.txt')).toString()).toBe('one\n');
  });

  it('a sandbox that runs out of memory', async () => {
    const hog = 'node -e "const a = []; for (;;) a.push(Buffer.alloc(20e6, 1))"';
    const task = await seed.runTask({
      instruction: bash(`${WORK}; sleep 2; ${hog}`),
      resources: { memoryMb: 512 },
    });
    expect(task).toMatchObject({
      status: 'failed',
      error: { code: 'out_of_memory' },
      artifacts: [{ name: 'a.txt' }, { name: 'd/b.txt' }],
    });
  });

  it('a killed runner', async () => {
    const task = await seed.postTask({ instruction: bash(`${WORK}; sleep 600`) });
    await artifact(task.id, 'd/b.txt');
    process.kill(seed.runnerPid(), 'SIGKILL');
    const ended = await until(
      'the lease lapses',
      async () => {
        const current = await seed.getTask(task.id);
        return current.status === 'running' ? null : current;
      },
      25_000,
    );
    expect(ended).toMatchObject({ status: 'failed', artifacts: [{ name: 'a.txt' }, { name: 'd/b.txt' }] });
    expect((await download(task.id, 'a.txt')).toString()).toBe('one\n');
  });

  it('a killed server: what comes meanwhile is sent when it is back', async () => {
    const task = await seed.postTask({
      instruction: bash('cd /workspace/out; echo one > a.txt; sleep 2; echo two > b.txt; echo done'),
    });
    await artifact(task.id, 'a.txt');
    process.kill(seed.serverPid(), 'SIGKILL');
    const ended = await until(
      'the task ends',
      async () => {
        const current = await seed.getTask(task.id).catch(() => null);
        return current?.status === 'completed' ? current : null;
      },
      30_000,
    );
    expect(ended.artifacts).toMatchObject([{ name: 'a.txt' }, { name: 'b.txt' }]);
  });
});
