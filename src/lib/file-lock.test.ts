import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { withFileLock } from './file-lock.ts';

const folder = await mkdtemp(join(tmpdir(), 'seed-lock-'));
afterAll(() => rm(folder, { recursive: true }));

test('one at a time, and a failure releases', async () => {
  let inside = 0;
  const work = async (fails: boolean) => {
    inside += 1;
    expect(inside).toBe(1);
    await new Promise(setImmediate);
    inside -= 1;
    if (fails) throw new Error('expected');
  };
  const results = await Promise.allSettled(
    [true, false, true, false].map((fails) => withFileLock(join(folder, 'a'), () => work(fails))),
  );
  expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'fulfilled', 'rejected', 'rejected']);
});

test('the death of the holder releases', async () => {
  const program = `
    import { withFileLock } from '${import.meta.dirname}/file-lock.ts';
    setInterval(() => {}, 2 ** 30);
    await withFileLock('${join(folder, 'b')}', () => new Promise(() => console.log('held')));`;
  const holder = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(holder.stdout, 'data');
  const order: string[] = [];
  const waiting = withFileLock(join(folder, 'b'), async () => order.push('locked'));
  order.push('killed');
  holder.kill('SIGKILL');
  await waiting;
  expect(order).toEqual(['killed', 'locked']);
});
