import { expect, test } from 'vitest';
import { createBatches } from './batches.ts';

/** Writes that end when they are told to. */
function heldWrites(more: { atOnce?: number; most?: number } = {}) {
  const written: (readonly number[])[] = [];
  const ends: (() => void)[] = [];
  const write = createBatches<number, string>({
    atOnce: 1,
    most: 3,
    ...more,
    async write(items) {
      written.push(items);
      await new Promise<void>((resolve) => ends.push(resolve));
      return items.map(String);
    },
    separates: () => false,
  });
  return { write, written, end: (index: number) => ends[index]?.() };
}

test('what comes while a write is under way is written together, and no more than so many', async () => {
  const { write, written, end } = heldWrites();
  const first = write(1);
  await expect.poll(() => written).toEqual([[1]]);
  const others = [2, 3, 4, 5].map(write);
  end(0);
  expect(await first).toBe('1');
  await expect.poll(() => written).toEqual([[1], [2, 3, 4]]);
  end(1);
  await expect.poll(() => written).toEqual([[1], [2, 3, 4], [5]]);
  end(2);
  expect(await Promise.all(others)).toEqual(['2', '3', '4', '5']);
});

test('so many writes are under way at a time', async () => {
  const { write, written, end } = heldWrites({ atOnce: 2, most: 1 });
  const all = [1, 2, 3].map(write);
  await expect.poll(() => written).toEqual([[1], [2]]);
  end(1);
  await expect.poll(() => written).toEqual([[1], [2], [3]]);
  end(0);
  end(2);
  expect(await Promise.all(all)).toEqual(['1', '2', '3']);
});

function refusing(separates: boolean) {
  return createBatches<number, number>({
    atOnce: 1,
    most: 10,
    async write(items) {
      if (items.includes(2)) throw new Error('not 2');
      return items;
    },
    separates: () => separates,
  });
}

test('one that cannot be written keeps none of the others from it', async () => {
  const write = refusing(true);
  const [one, two, three] = await Promise.allSettled([1, 2, 3].map(write));
  expect([one, three]).toEqual([
    { status: 'fulfilled', value: 1 },
    { status: 'fulfilled', value: 3 },
  ]);
  expect(two).toMatchObject({ status: 'rejected', reason: new Error('not 2') });
});

test('what fails for all fails for all, and what comes after it does not', async () => {
  const write = refusing(false);
  const together = await Promise.allSettled([1, 2].map(write));
  expect(together.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(await write(3)).toBe(3);
});
