import { expect, test } from 'vitest';
import { readWithin } from './read-stream.ts';

test('what fits is read whole, and of more no more than one piece beyond it', async () => {
  let given = 0;
  let ended = false;
  async function* pieces(count: number) {
    try {
      for (; given < count; given++) yield Buffer.from('äb');
    } finally {
      ended = true;
    }
  }
  expect((await readWithin(pieces(3), 9))?.toString()).toBe('äbäbäb');
  given = 0;
  ended = false;
  expect(await readWithin(pieces(1_000_000), 9)).toBeNull();
  expect([given, ended]).toEqual([3, true]);
});
