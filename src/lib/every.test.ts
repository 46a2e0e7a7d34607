import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { SeedError } from '../protocol/errors.ts';
import { type EveryOptions, every } from './every.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

function options(more: Partial<EveryOptions> = {}): EveryOptions {
  return { everyMs: 1_000, name: 'count', log: null, ...more };
}

/** Work whose turns take as long as the test likes. */
function slowWork() {
  const turns: PromiseWithResolvers<void>[] = [];
  return {
    turns,
    work: () => {
      const turn = Promise.withResolvers<void>();
      turns.push(turn);
      return turn.promise;
    },
  };
}

test('works every so often, the first time after the wait or at once, until it is stopped', async () => {
  const later = vi.fn();
  const atOnce = vi.fn();
  const loops = [every(options(), later), every(options({ atOnce: true }), atOnce)];
  await pass(999);
  expect([later.mock.calls.length, atOnce.mock.calls.length]).toEqual([0, 1]);
  await pass(1);
  expect([later.mock.calls.length, atOnce.mock.calls.length]).toEqual([1, 2]);
  await pass(3_000);
  expect([later.mock.calls.length, atOnce.mock.calls.length]).toEqual([4, 5]);
  for (const loop of loops) await loop.stop();
  await pass(10_000);
  expect([later.mock.calls.length, atOnce.mock.calls.length]).toEqual([4, 5]);
  expect(vi.getTimerCount()).toBe(0);
});

test('no turn overlaps another, and the turns that a long one missed are left out', async () => {
  const { turns, work } = slowWork();
  const loop = every(options(), work);
  await pass(3_300);
  expect(turns).toHaveLength(1);
  turns[0]?.resolve();
  await pass(699);
  expect(turns).toHaveLength(1);
  await pass(1);
  expect(turns).toHaveLength(2);
  turns[1]?.resolve();
  await loop.stop();
});

test('the time that a turn takes does not move the next ones', async () => {
  const began: number[] = [];
  const start = performance.now();
  const loop = every(options(), async () => {
    began.push(performance.now() - start);
    await new Promise((resolve) => setTimeout(resolve, 400));
  });
  await pass(3_500);
  expect(began).toEqual([1_000, 2_000, 3_000]);
  await loop.stop();
});

test('stopping waits for the running turn, however it ends', async () => {
  const { turns, work } = slowWork();
  const over: string[] = [];
  {
    await using loop = every(options({ atOnce: true }), () => work().finally(() => over.push('turn')));
    await pass(0);
    const stopped = loop.stop().then(() => over.push('stopped'));
    await pass(5_000);
    expect(over).toEqual([]);
    turns[0]?.reject(new Error('it went wrong'));
    await stopped;
  }
  expect(over).toEqual(['turn', 'stopped']);
  expect(turns).toHaveLength(1);
});

test('a failure is logged with what could not be done, and the loop goes on', async () => {
  const log = { error: vi.fn(), debug: vi.fn() };
  const told = new SeedError('unavailable', 'the database is away', { logged: true });
  const failures: unknown[] = [new Error('first'), told];
  const loop = every(options({ log: log as never }), () => {
    const error = failures.shift();
    if (error) throw error;
  });
  await pass(3_000);
  expect(log.error.mock.calls).toEqual([
    [{ err: expect.objectContaining({ message: 'first' }) }, 'could not count'],
  ]);
  expect(log.debug.mock.calls).toEqual([[{ err: told }, 'could not count']]);
  await loop.stop();
});

test('failures in a row double the wait up to a most, and a success ends that', async () => {
  let fails = true;
  const began: number[] = [];
  const start = performance.now();
  const loop = every(options({ backOff: { mostMs: 5_000 } }), () => {
    began.push((performance.now() - start) / 1_000);
    if (fails) throw new Error('not yet');
  });
  await pass(13_000);
  expect(began).toEqual([1, 3, 7, 12]);
  fails = false;
  await pass(6_000);
  expect(began).toEqual([1, 3, 7, 12, 17, 18, 19]);
  await loop.stop();
});

test('without a back-off failures change no wait, and a most that is shorter than the wait does not shorten it', async () => {
  for (const backOff of [undefined, { mostMs: 10 }]) {
    const work = vi.fn(() => Promise.reject(new Error('never')));
    const loop = every(options({ ...(backOff && { backOff }) }), work);
    await pass(5_500);
    expect(work).toHaveBeenCalledTimes(5);
    await loop.stop();
  }
});

test('jitter makes each wait longer or shorter by its share at most', async () => {
  const luck = [0, 0.5, 1];
  const began: number[] = [];
  const start = performance.now();
  const loop = every(options({ jitter: 0.1, random: () => luck.shift() ?? 0.5 }), () =>
    began.push(performance.now() - start),
  );
  await pass(3_000);
  expect(began).toEqual([900, 1_900, 3_000]);
  await loop.stop();
});

test('a turn that is asked for begins at once, or one more follows the running one, however many ask', async () => {
  const { turns, work } = slowWork();
  const loop = every(options(), work);
  const first = loop.now();
  await pass(0);
  expect(turns).toHaveLength(1);
  const over: string[] = [];
  const asked = [loop.now(), loop.now()].map((turn) => turn.then(() => over.push('asked')));
  turns[0]?.resolve();
  await first;
  await pass(0);
  expect(turns).toHaveLength(2);
  expect(over).toEqual([]);
  turns[1]?.resolve();
  await Promise.all(asked);
  await pass(0);
  expect(turns).toHaveLength(2);
  await loop.stop();
});

test('stopping waits for the turn that was asked for, and one can be asked for afterwards', async () => {
  const work = vi.fn();
  const loop = every(options(), work);
  void loop.now();
  void loop.now();
  await loop.stop();
  expect(work).toHaveBeenCalledTimes(2);
  await loop.now();
  await pass(5_000);
  expect(work).toHaveBeenCalledTimes(3);
});
