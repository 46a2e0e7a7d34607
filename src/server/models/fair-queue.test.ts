import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FairQueue } from './fair-queue.ts';

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
        /** Of each owner that waits: how often every other one was served since it began to wait or was served last. */
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
