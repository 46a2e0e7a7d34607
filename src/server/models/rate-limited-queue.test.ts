import { describe, expect, it, vi } from 'vitest';
import type { NoRoom } from './accounts.ts';
import { Turns, type TurnsOptions } from './rate-limited-queue.ts';

const UNLIMITED = { perMinute: null, perDay: null, concurrent: null };
const open = () => new AbortController().signal;
const minute = (waitMs: number): NoRoom => ({ span: 'minute', waitMs });

/** Turns whose waiting lasts until the test says so. */
function turnsOf(options: Partial<TurnsOptions>) {
  const slept: { ms: number; wake(): void }[] = [];
  const turns = new Turns({
    limits: UNLIMITED,
    count: async () => null,
    sleep: (ms) => new Promise<void>((wake) => void slept.push({ ms, wake })),
    ...options,
  });
  const served: string[] = [];
  const take = (taskId: string, name = taskId, signal = open()) =>
    turns.take(taskId, signal).then((end) => {
      served.push(name);
      return end;
    });
  return { turns, slept, served, take };
}

describe('Turns', () => {
  it('lets one call of each task through before a second one of any', async () => {
    const { served, take } = turnsOf({ limits: { ...UNLIMITED, concurrent: 1 } });
    const first = await take('a', 'a0');
    const waiting = [take('a', 'a1'), take('a', 'a2'), take('b', 'b1'), take('c', 'c1')];
    first();
    await Promise.all(waiting.map(async (call) => (await call)()));
    expect(served).toEqual(['a0', 'a1', 'b1', 'c1', 'a2']);
  });

  it('has no more calls under way than may be, and a turn that is ended twice frees one place', async () => {
    const { served, take } = turnsOf({ limits: { ...UNLIMITED, concurrent: 2 } });
    const [one] = await Promise.all([take('a'), take('b')]);
    const third = take('c');
    const fourth = take('d');
    one?.();
    one?.();
    await third;
    expect(served).toEqual(['a', 'b', 'c']);
    (await third)();
    await fourth;
  });

  it('waits until there is room again, and then asks again', async () => {
    const answers = [minute(7_000), minute(30), null];
    const { slept, served, take } = turnsOf({ count: async () => answers.shift() ?? null });
    const call = take('a');
    await vi.waitFor(() => expect(slept).toHaveLength(1));
    expect(served).toEqual([]);
    slept[0]?.wake();
    await vi.waitFor(() => expect(slept).toHaveLength(2));
    slept[1]?.wake();
    await call;
    expect(slept.map(({ ms }) => ms)).toEqual([7_000, 30]);
  });

  it('refuses everyone at once when the day has no room left, and says when it has', async () => {
    const { take } = turnsOf({
      limits: { ...UNLIMITED, perDay: 50 },
      count: async () => ({ span: 'day', waitMs: 3_600_500 }),
    });
    for (const refused of await Promise.allSettled([take('a'), take('b')])) {
      expect(refused).toMatchObject({
        status: 'rejected',
        reason: { code: 'llm_unavailable', retryAfterSeconds: 3_601 },
      });
      expect(String((refused as PromiseRejectedResult).reason)).toMatch(/50 a day: again after 00:00 UTC/);
    }
  });

  it('refuses a call when too many wait', async () => {
    const { take } = turnsOf({
      limits: { ...UNLIMITED, perMinute: 20 },
      count: async () => minute(1_000),
      maxWaiting: 2,
    });
    void take('a').catch(() => undefined);
    void take('b').catch(() => undefined);
    await expect(take('c')).rejects.toMatchObject({
      code: 'llm_unavailable',
      message: 'the LLM upstream has 2 calls waiting for 20 requests a minute',
      retryAfterSeconds: 6,
    });
  });

  it('refuses a call that has waited too long, and does not count it', async () => {
    const { take, slept, served } = turnsOf({
      limits: { ...UNLIMITED, perMinute: 1 },
      count: async () => minute(10),
      maxWaitMs: 15,
    });
    await expect(take('a')).rejects.toMatchObject({ code: 'llm_unavailable', retryAfterSeconds: 60 });
    expect([slept.length, served]).toEqual([1, []]);
  });

  it('forgets a call whose caller is gone', async () => {
    const answers = [minute(1_000), null, null];
    const { take, slept, served } = turnsOf({ count: async () => answers.shift() ?? null });
    const caller = new AbortController();
    const gone = take('a', 'a', caller.signal);
    const next = take('b');
    await vi.waitFor(() => expect(slept).toHaveLength(1));
    caller.abort(new Error('hung up'));
    await expect(gone).rejects.toThrow('hung up');
    slept[0]?.wake();
    await next;
    expect(served).toEqual(['b']);
    await expect(take('c', 'c', caller.signal)).rejects.toThrow('hung up');
  });

  it('passes the trouble of counting on, and goes on afterwards', async () => {
    const outcomes = [Promise.reject(new Error('database gone')), Promise.resolve(null)];
    outcomes[0]?.catch(() => undefined);
    const { take, served } = turnsOf({ count: () => outcomes.shift() ?? Promise.resolve(null) });
    await expect(take('a')).rejects.toMatchObject({ code: 'unavailable' });
    await take('b');
    expect(served).toEqual(['b']);
  });
});
