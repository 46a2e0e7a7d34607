import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { childrenOf, descendants, findByCommandLine, parseStat, processTree } from './host-processes.ts';

test('parseStat is not misled by a hostile process name', () => {
  const stat = '42 (a) R 1 (b) S 7 42 42 0 -1 4194560 1 0 0 0 150 50 25 75 20 0 1 0 100 0 0';
  expect(parseStat(stat)).toMatchObject({ parentPid: 7, cpuSeconds: 3 });
});

test('descendants finds grandchildren listed before their parents', () => {
  const processes = [
    { pid: 4, parentPid: 3 },
    { pid: 3, parentPid: 2 },
    { pid: 2, parentPid: 1 },
    { pid: 9, parentPid: 1 },
  ];
  expect(descendants(processes, 2).map(({ pid }) => pid)).toEqual([4, 3, 2]);
});

test('a child is found by its command line and below its parent', async () => {
  const child = spawn('sleep', ['60.4711'], { stdio: 'ignore' });
  await once(child, 'spawn');
  expect(await findByCommandLine((args) => args[1] === '60.4711')).toEqual([child.pid]);
  expect((await processTree(process.pid)).map(({ pid }) => pid)).toContain(child.pid);
  expect(await childrenOf(process.pid)).toContain(child.pid);
  expect(await childrenOf(child.pid ?? 0)).toEqual([]);
  child.kill();
});
