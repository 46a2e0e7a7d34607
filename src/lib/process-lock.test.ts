import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { lockForProcess } from './process-lock.ts';

const folder = await mkdtemp(join(tmpdir(), 'seed-process-lock-'));
afterAll(() => rm(folder, { recursive: true }));

const wish = (name: string, patienceMs = 100, onWait: (sentence: string) => void = () => {}) => ({
  path: join(folder, name),
  what: 'The thing is in use',
  hint: 'Wait.',
  onWait,
  patienceMs,
});

interface Holder {
  process: ChildProcess;
  line(): Promise<string>;
}

/** A process that holds the lock, and then does what `then` says. Its lines are answered one at a time. */
async function hold(name: string, then = '', prefix: readonly string[] = []): Promise<Holder> {
  const program = `
    import { spawn } from 'node:child_process';
    import { lockForProcess } from '${import.meta.dirname}/process-lock.ts';
    setInterval(() => {}, 2 ** 30);
    await lockForProcess({ path: '${join(folder, name)}', what: '', hint: '', onWait() {} });
    console.log('held');
    ${then}`;
  const [command = '', ...args] = [...prefix, process.execPath, '--input-type=module', '--eval', program];
  const holder = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void holder.kill('SIGKILL'));
  const lines = createInterface({ input: holder.stdout })[Symbol.asyncIterator]();
  const line = async () => (await lines.next()).value as string;
  expect(await line()).toBe('held');
  return { process: holder, line };
}

test('who waits in vain is told who holds it: process, host and since when', async () => {
  const before = new Date().toISOString();
  const holder = await hold('named');
  const waited: string[] = [];
  const error = await lockForProcess(wish('named', 100, (sentence) => waited.push(sentence))).catch((e) => e);
  const named = `The thing is in use, process ${holder.process.pid} of the host ${hostname()}, since `;
  expect(error).toMatchObject({ code: 'conflict', hint: 'Wait.', message: expect.stringContaining(named) });
  const since = /since (\S+)\.$/.exec(error.message)?.[1] ?? '';
  expect(since >= before && since <= new Date().toISOString()).toBe(true);
  expect(waited).toEqual([`${error.message.slice(0, -1)}; waiting up to 0.1 s for it to end`]);
});

test('a holder that is killed lets go at once, twenty times, though what it started lives on', async () => {
  for (let times = 0; times < 20; times += 1) {
    const holder = await hold(
      'killed',
      `console.log(spawn('sleep', ['30'], { detached: true, stdio: 'ignore' }).pid);`,
    );
    const child = Number(await holder.line());
    holder.process.kill('SIGKILL');
    await once(holder.process, 'exit');
    try {
      (await lockForProcess(wish('killed', 0))).release();
    } finally {
      process.kill(child, 'SIGKILL');
    }
  }
}, 30_000);

test('a holder that is dead and not yet reaped does not count as alive', async () => {
  // The shell becomes another program, which never waits for the child that it has.
  const holder = await hold('zombie', 'console.log(process.pid);', ['sh', '-c', '"$0" "$@" & exec sleep 60']);
  const pid = Number(await holder.line());
  process.kill(pid, 'SIGKILL');
  await expect.poll(() => readFile(`/proc/${pid}/stat`, 'utf8')).toMatch(/\) Z /);
  // Its last threads may be on their way out.
  (await lockForProcess(wish('zombie', 5_000))).release();
});

test('a start waits for a holder that is about to end', async () => {
  const lock = await lockForProcess(wish('waited'));
  const next = lockForProcess(wish('waited', 10_000, () => lock.release()));
  (await next).release();
});

test('the lock of an older Seed counts for as long as its process lives', async () => {
  const path = join(folder, 'older');
  const older = spawn('sleep', ['60'], { stdio: 'ignore' });
  onTestFinished(() => void older.kill('SIGKILL'));
  const fields = (await readFile(`/proc/${older.pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
  await writeFile(path, JSON.stringify({ pid: older.pid, startedAt: fields[19] }));
  await expect(lockForProcess(wish('older'))).rejects.toThrow(`in use, process ${older.pid}.`);
  // It removes its file when it ends, and the lock of the one who waited is then on a file that nobody sees.
  const next = lockForProcess(wish('older', 10_000, () => older.kill('SIGKILL')));
  const lock = await next;
  await expect(lockForProcess(wish('older'))).rejects.toThrow(`process ${process.pid} of the host`);
  lock.release();
  await writeFile(path, JSON.stringify({ pid: process.pid, startedAt: '1' }));
  (await lockForProcess(wish('older', 0))).release();
});

test('a file that somebody has removed meanwhile is no lock: it is taken anew', async () => {
  const first = await lockForProcess(wish('removed'));
  const second = lockForProcess(
    wish('removed', 10_000, async () => {
      await rm(join(folder, 'removed'));
      first.release();
    }),
  );
  const lock = await second;
  await stat(join(folder, 'removed'));
  await expect(lockForProcess(wish('removed'))).rejects.toThrow('The thing is in use');
  lock.release();
});

test('a folder that cannot be written is named, with what to do', async () => {
  const path = join(folder, 'closed');
  await writeFile(path, '');
  await chmod(path, 0o400);
  const isRoot = process.getuid?.() === 0;
  // Root may write everything but what lies on a file system that nobody may write.
  const closed = isRoot ? { ...wish(''), path: '/proc/seed.lock' } : wish('closed');
  await expect(lockForProcess(closed)).rejects.toMatchObject({
    code: 'invalid_settings',
    message: expect.stringContaining(`the lock ${closed.path} cannot be opened`),
    hint: expect.stringContaining('writable'),
  });
});
