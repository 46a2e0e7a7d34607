import { expect, test } from 'vitest';
import { createLeftovers } from './sandbox-folder.ts';

test('what cannot be removed is told, tried again, and then forgotten', async () => {
  let isShort = true;
  const tried: string[] = [];
  const leftovers = createLeftovers(async (folder, { mayLive = true } = {}) => {
    if (!mayLive) throw new Error('EBUSY');
    tried.push(folder);
    if (isShort) throw new Error('EMFILE: too many open files');
  });
  await leftovers.remove('/data/one');
  await leftovers.remove('/data/two', { mayLive: false });
  expect(await leftovers.retry()).toEqual([
    { id: 'one', problem: 'EMFILE: too many open files' },
    { id: 'two', problem: 'EMFILE: too many open files' },
  ]);
  await expect(leftovers.clear('/data/one')).rejects.toThrow('EMFILE');
  isShort = false;
  await leftovers.clear('/data/one');
  await leftovers.clear('/data/new');
  expect(await leftovers.retry()).toEqual([]);
  expect(tried).toEqual(['/data/one', '/data/one', '/data/two', '/data/one', '/data/one', '/data/two']);
});
