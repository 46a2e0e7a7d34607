import { expect, test } from 'vitest';
import { createSharedRuns } from './shared-runs.ts';

/** Work that ends when it is told to, and says which run it was. */
function heldWork() {
  const ends: (() => void)[] = [];
  let begun = 0;
  return {
    ends,
    begun: () => begun,
    work: () => {
      begun += 1;
      const run = begun;
      return new Promise<number>((resolve) => ends.push(() => resolve(run)));
    },
  };
}

test('who asks while a run is under way gets the answer of the next, together', async () => {
  const runs = createSharedRuns<number>();
  const { ends, begun, work } = heldWork();
  const first = runs('a', work);
  const second = runs('a', work);
  const third = runs('a', work);
  expect(begun()).toBe(1);
  ends[0]?.();
  expect(await first).toBe(1);
  await expect.poll(begun).toBe(2);
  const fourth = runs('a', work);
  ends[1]?.();
  expect(await Promise.all([second, third])).toEqual([2, 2]);
  await expect.poll(begun).toBe(3);
  ends[2]?.();
  expect(await fourth).toBe(3);
});

test('another question has a run of its own', async () => {
  const runs = createSharedRuns<number>();
  const { ends, work } = heldWork();
  const both = [runs('a', work), runs('b', work)];
  for (const end of ends) end();
  expect(await Promise.all(both)).toEqual([1, 2]);
});

test('a run that fails fails for those of it and for nobody else', async () => {
  const runs = createSharedRuns<string>();
  const first = runs('a', () => Promise.reject(new Error('no')));
  const second = runs('a', () => Promise.resolve('yes'));
  await expect(first).rejects.toThrow('no');
  expect(await second).toBe('yes');
});

test('a run that takes long does not keep the next one waiting', async () => {
  const runs = createSharedRuns<string>();
  void runs('a', () => new Promise(() => {}));
  expect(await runs('a', () => Promise.resolve('next'))).toBe('next');
});
