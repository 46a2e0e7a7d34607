import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { NoRoom } from './account-limits.ts';
import { FairQueue, type QueueOptions, RateLimitedQueue } from './rate-limited-queue.ts';

const UNLIMITED = { perMinute: null, perDay: null, concurrent: null };
const open = () => new AbortController().signal;
const minute = (waitMs: number): NoRoom => ({ span: 'minute', waitMs });

/** RateLimitedQueue whose waiting lasts until the test says so. */
function queueOf(options: Partial<QueueOptions>) {
  const slept: { ms: number; wake(): void }[] = [];
  const queue = new RateLimitedQueue({
    limits: UNLIMITED,
    count: async () => null,
    sleep: (ms) => new Promise<void>((wake) => void slept.push({ ms, wake })),
    ...options,
  });
  const served: string[] = [];
  const take = (taskId: string, name = taskId, signal = open()) =>
    queue.enter(taskId, signal).then((end) => {
      served.push(name);
      return end;
    });
  return { queue, slept, served, take };
}

describe('RateLimitedQueue', () => {
  it('lets one call of each task through before a second one of any', async () => {
    const { served, take } = queueOf({ limits: { ...UNLIMITED, concurrent: 1 } });
    const first = await take('a', 'a0');
    const waiting = [take('a', 'a1'), take('a', 'a2'), take('b', 'b1'), take('c', 'c1')];
    first();
    await Promise.all(waiting.map(async (call) => (await call)()));
    expect(served).toEqual(['a0', 'a1', 'b1', 'c1', 'a2']);
  });

  it('has no more calls under way than may be, and a turn that is ended twice frees one place', async () => {
    const { served, take } = queueOf({ limits: { ...UNLIMITED, concurrent: 2 } });
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
    const { slept, served, take } = queueOf({ count: async () => answers.shift() ?? null });
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
    const { take } = queueOf({
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
    const { take } = queueOf({
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
    const { take, slept, served } = queueOf({
      limits: { ...UNLIMITED, perMinute: 1 },
      count: async () => minute(10),
      maxWaitMs: 15,
    });
    await expect(take('a')).rejects.toMatchObject({ code: 'llm_unavailable', retryAfterSeconds: 60 });
    expect([slept.length, served]).toEqual([1, []]);
  });

  it('forgets a call whose caller is gone', async () => {
    const answers = [minute(1_000), null, null];
    const { take, slept, served } = queueOf({ count: async () => answers.shift() ?? null });
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
    const { take, served } = queueOf({ count: () => outcomes.shift() ?? Promise.resolve(null) });
    await expect(take('a')).rejects.toMatchObject({ code: 'unavailable' });
    await take('b');
    expect(served).toEqual(['b']);
  });
});

const OWNERS = ['a', 'b', 'c', 'd'];
const steps = fc.array(
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant('push' as const), owner: fc.constantFrom(...OWNERS) }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('shift' as const) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), pick: fc.nat() }) },
  ),
  { maxLength: 200 },
);

interface Item {
  owner: string;
  number: number;
}

describe('FairQueue', () => {
  it('serves an owner with fifty waiting in turn with the others', () => {
    const queue = new FairQueue<string>();
    for (let index = 0; index < 50; index += 1) queue.push('greedy', `greedy ${index}`);
    queue.push('late', 'late 0');
    queue.push('later', 'later 0');
    const first = Array.from({ length: 5 }, () => queue.shift());
    expect(first).toEqual(['greedy 0', 'late 0', 'later 0', 'greedy 1', 'greedy 2']);
  });

  it('loses and doubles nothing, keeps each owner in order, and overtakes no owner by more than one each', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const queue = new FairQueue<Item>();
        let waiting: Item[] = [];
        /**
         * Of each owner that waits: how often every other one was served since it began to wait or was served
         * last.
         */
        const overtaken = new Map<string, Map<string, number>>();
        let number = 0;
        for (const step of all) {
          if (step.kind === 'push') {
            const item = { owner: step.owner, number: number++ };
            if (!waiting.some(({ owner }) => owner === step.owner)) overtaken.set(step.owner, new Map());
            queue.push(step.owner, item);
            waiting.push(item);
          } else if (step.kind === 'remove') {
            const item = waiting[step.pick % Math.max(1, waiting.length)];
            if (item) queue.remove(item.owner, item);
            waiting = waiting.filter((other) => other !== item);
          } else {
            const served = queue.shift();
            expect(served === undefined).toBe(waiting.length === 0);
            if (!served) continue;
            expect(served).toBe(waiting.find(({ owner }) => owner === served.owner));
            waiting = waiting.filter((other) => other !== served);
            overtaken.set(served.owner, new Map());
            for (const owner of new Set(waiting.map((item) => item.owner))) {
              if (owner === served.owner) continue;
              const by = overtaken.get(owner) ?? new Map<string, number>();
              by.set(served.owner, (by.get(served.owner) ?? 0) + 1);
              expect(by.get(served.owner)).toBeLessThanOrEqual(1);
            }
          }
          expect(queue.size).toBe(waiting.length);
        }
      }),
    );
  });

  it('ignores the removal of what it does not hold', () => {
    const queue = new FairQueue<string>();
    queue.push('a', 'one');
    queue.remove('a', 'two');
    queue.remove('b', 'one');
    expect([queue.size, queue.shift(), queue.shift()]).toEqual([1, 'one', undefined]);
  });
});
