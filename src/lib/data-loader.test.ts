import { describe, expect, it, vi } from 'vitest';
import { createDataLoader } from './data-loader.ts';

/** A look-up that the test answers. */
function slowLookUp() {
  const asked: { keys: readonly string[]; answer: (found: Map<string, string>) => void; fail: () => void }[] = [];
  const find = createDataLoader<string>((keys) => {
    const { promise, resolve, reject } = Promise.withResolvers<Map<string, string>>();
    asked.push({ keys, answer: resolve, fail: () => reject(new Error('lost')) });
    return promise;
  });
  const begun = async (count: number) => {
    while (asked.length < count) await Promise.resolve();
    return asked[count - 1] as (typeof asked)[number];
  };
  return { find, begun, asked };
}

describe('createDataLoader', () => {
  it('looks up together what is asked for at once, each key once', async () => {
    const { find, begun } = slowLookUp();
    const answers = Promise.all(['a', 'b', 'a', 'none'].map(find));
    const first = await begun(1);
    expect(first.keys).toEqual(['a', 'b', 'none']);
    first.answer(
      new Map([
        ['a', 'A'],
        ['b', 'B'],
      ]),
    );
    expect(await answers).toEqual(['A', 'B', 'A', null]);
  });

  it('never answers a question with a look-up that had begun before', async () => {
    const { find, begun, asked } = slowLookUp();
    const before = find('a');
    const first = await begun(1);
    const after = find('a');
    const other = find('b');
    expect(asked).toHaveLength(1);
    first.answer(new Map([['a', 'old']]));
    expect(await before).toBe('old');
    const second = await begun(2);
    expect(second.keys).toEqual(['a', 'b']);
    second.answer(new Map([['a', 'new']]));
    expect(await Promise.all([after, other])).toEqual(['new', null]);
  });

  it('fails those who asked, and nobody after them', async () => {
    const { find, begun } = slowLookUp();
    const lost = Promise.allSettled([find('a'), find('b')]);
    const first = await begun(1);
    const later = find('a');
    first.fail();
    expect((await lost).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    (await begun(2)).answer(new Map([['a', 'A']]));
    expect(await later).toBe('A');
  });

  it('keeps nobody waiting for a look-up that is held up', async () => {
    vi.useFakeTimers();
    const { find, begun, asked } = slowLookUp();
    const stuck = find('a');
    const first = await begun(1);
    const later = find('b');
    await vi.advanceTimersByTimeAsync(499);
    expect(asked).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    (await begun(2)).answer(new Map([['b', 'B']]));
    expect(await later).toBe('B');
    first.answer(new Map([['a', 'A']]));
    expect(await stuck).toBe('A');
    vi.useRealTimers();
  });
});
