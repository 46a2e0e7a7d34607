import { describe, expect, it } from 'vitest';
import { createTtlCache, KEPT_MS } from './ttl-cache.ts';

/** A look-up that the test answers, and a clock that it moves. */
function slowLookUp({
  most = 100,
  weigh = (_value: string): number => 1,
  holds = (_value: string): boolean => true,
} = {}) {
  const clock = { ms: 0 };
  const asked: { key: string; answer: (found: string | null) => void; fail: (error: Error) => void }[] = [];
  const lookUp = (key: string) => {
    const { promise, resolve, reject } = Promise.withResolvers<string | null>();
    asked.push({ key, answer: resolve, fail: reject });
    return promise;
  };
  const kept = createTtlCache({ holds, most, weigh, nowMs: () => clock.ms });
  const ask = (key: string) => kept.find(key, () => lookUp(key));
  /** Asks, answers where it is looked up, and tells whether it was. */
  const find = async (key: string, found: string | null = `${key} now`) => {
    const before = asked.length;
    const answer = ask(key);
    asked[before]?.answer(found);
    return { answer: await answer, looked: asked.length > before };
  };
  return { find, ask, asked, clock, forget: kept.forget };
}

describe('createTtlCache', () => {
  it('answers for half a second with what was found, and then looks again', async () => {
    const { find, clock } = slowLookUp();
    expect(await find('a', 'A')).toEqual({ answer: 'A', looked: true });
    clock.ms = KEPT_MS - 1;
    expect(await find('a')).toEqual({ answer: 'A', looked: false });
    expect(await find('b')).toEqual({ answer: 'b now', looked: true });
    clock.ms = KEPT_MS;
    expect(await find('a')).toEqual({ answer: 'a now', looked: true });
  });

  it('counts the half second from the question', async () => {
    const { find, ask, asked, clock } = slowLookUp();
    const slow = ask('a');
    clock.ms = KEPT_MS;
    asked[0]?.answer('old');
    expect(await slow).toBe('old');
    expect(await find('a')).toEqual({ answer: 'a now', looked: true });
  });

  it('keeps nothing of a look-up that had begun when it was told to forget', async () => {
    const { find, ask, asked, forget } = slowLookUp();
    const before = ask('a');
    forget();
    const after = ask('a');
    asked[1]?.answer('new');
    expect(await after).toBe('new');
    asked[0]?.answer('old');
    expect(await before).toBe('old');
    expect(await find('a')).toEqual({ answer: 'new', looked: false });
    forget();
    expect(await find('a')).toEqual({ answer: 'a now', looked: true });
  });

  it('keeps neither what is not there, nor a failure', async () => {
    const { find, ask, asked } = slowLookUp();
    expect(await find('a', null)).toEqual({ answer: null, looked: true });
    const failed = ask('a');
    asked[1]?.fail(new Error('lost'));
    await expect(failed).rejects.toThrow('lost');
    expect(await find('a')).toEqual({ answer: 'a now', looked: true });
  });

  it('keeps and answers only what holds at that moment', async () => {
    const held = new Set(['A']);
    const { find } = slowLookUp({ holds: (value) => held.has(value) });
    await find('a', 'A');
    await find('b', 'B');
    held.add('B');
    expect(await find('b', 'B')).toEqual({ answer: 'B', looked: true });
    expect(await find('a')).toEqual({ answer: 'A', looked: false });
    held.clear();
    expect(await find('a')).toEqual({ answer: 'a now', looked: true });
  });

  it('keeps so many at most, and lets go of the oldest', async () => {
    const { find } = slowLookUp({ most: 2 });
    for (const key of ['a', 'b', 'c']) await find(key);
    const looked = async (key: string) => (await find(key)).looked;
    expect([await looked('c'), await looked('b')]).toEqual([false, false]);
    expect(await looked('a')).toBe(true);
    expect([await looked('c'), await looked('b')]).toEqual([false, true]);
  });

  it('keeps so much at most, what is replaced or forgotten not counted', async () => {
    const { find, forget, clock } = slowLookUp({ most: 10, weigh: (value) => value.length });
    const looked = async (key: string, value: string) => (await find(key, value)).looked;
    for (let time = 0; time < 3; time += 1) {
      expect(await looked('a', '1234')).toBe(true);
      clock.ms += KEPT_MS;
    }
    for (let time = 0; time < 3; time += 1) {
      expect([await looked('a', '1234'), await looked('b', '123456')]).toEqual([true, true]);
      expect([await looked('a', '1234'), await looked('b', '123456')]).toEqual([false, false]);
      forget();
    }
    expect([await looked('a', '1234'), await looked('c', '1234567')]).toEqual([true, true]);
    expect([await looked('c', '1234567'), await looked('a', '1234')]).toEqual([false, true]);
  });
});
