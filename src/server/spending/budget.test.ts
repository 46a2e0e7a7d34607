import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { LIMITS } from '../../protocol/limits.ts';
import { type Bound, budgetBounds, type CallInFlight, decide, type Estimate, limitBounds } from './budget.ts';
import { raiseOf } from './raise.ts';

const tokens = (limit: number, used: number): Bound => ({
  id: 'the bound',
  holder: 'task',
  unit: 'tokens',
  limit,
  used,
  span: null,
  says: 'the tokens',
});
const taking = (most: number | null): Estimate => ({ tokens: most, nanoUsd: null, calls: 1 });
const within = (most: number | null): CallInFlight => ({
  holders: ['task'],
  atMost: taking(most),
  overLimit: [],
});
const over = (most: number | null): CallInFlight => ({ ...within(most), overLimit: ['the bound'] });

test.each<[string, Bound[], Estimate, CallInFlight[], object]>([
  ['nothing bounds it', [], taking(null), [], { kind: 'admit', overLimit: [] }],
  ['it fits', [tokens(100, 40)], taking(60), [], { kind: 'admit', overLimit: [] }],
  ['it fits beside others', [tokens(100, 0)], taking(40), [within(60)], { kind: 'admit', overLimit: [] }],
  [
    'it fits beside one that does not',
    [tokens(100, 0)],
    taking(40),
    [over(500)],
    { kind: 'admit', overLimit: [] },
  ],
  ['it alone does not fit', [tokens(100, 40)], taking(61), [], { kind: 'admit', overLimit: ['the bound'] }],
  ['its size is unknown', [tokens(100, 99)], taking(null), [], { kind: 'admit', overLimit: ['the bound'] }],
  ['another one does not fit either', [tokens(100, 0)], taking(101), [over(null)], { kind: 'wait' }],
  [
    'one of unknown size was let through when nothing bounded it',
    [tokens(100, 0)],
    taking(101),
    [within(null)],
    { kind: 'wait' },
  ],
  ['the others may take all that is left', [tokens(100, 40)], taking(null), [within(60)], { kind: 'wait' }],
  [
    'those in flight are of another task',
    [tokens(100, 0)],
    taking(100),
    [{ ...within(100), holders: ['other'] }],
    { kind: 'admit', overLimit: [] },
  ],
  ['all is used', [tokens(100, 100)], taking(1), [], { kind: 'refuse', bound: tokens(100, 100) }],
  ['one of two is used up', [tokens(100, 0), { ...tokens(5, 7), id: 'other' }], taking(1), [], { kind: 'refuse' }],
])('%s', (_when, bounds, atMost, inFlight, verdict) => {
  expect(decide(bounds, atMost, inFlight)).toMatchObject(verdict);
});

interface Arrival {
  most: number | null;
  /** What it takes in the end; a known one takes no more than its most. */
  takes: number;
}
const arrival: fc.Arbitrary<Arrival> = fc.oneof(
  fc
    .record({ most: fc.integer({ min: 0, max: 40 }) })
    .chain(({ most }) => fc.integer({ min: 0, max: most }).map((takes) => ({ most, takes }))),
  fc.integer({ min: 0, max: 200 }).map((takes) => ({ most: null, takes })),
);

describe('calls at the same time', () => {
  it('pass a bound by at most what one of them takes, and none waits for ever', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100 }),
        fc.array(arrival, { minLength: 1, maxLength: 40 }),
        fc.infiniteStream(fc.nat()),
        (limit, arrivals, choices) => {
          const choose = (count: number) => Number(choices.next().value) % count;
          const waiting = [...arrivals];
          const flying: (Arrival & CallInFlight)[] = [];
          let used = 0;
          let largest = 0;
          while (waiting.length > 0 || flying.length > 0) {
            const call = waiting[waiting.length > 0 ? choose(waiting.length) : 0];
            const bound = tokens(limit, used);
            const verdict = call ? decide([bound], taking(call.most), flying) : { kind: 'wait' as const };
            if (verdict.kind === 'wait') {
              // Whoever waits, waits for a call in flight.
              expect(flying.length).toBeGreaterThan(0);
              const [ended] = flying.splice(choose(flying.length), 1);
              used += ended?.takes ?? 0;
              continue;
            }
            if (call) waiting.splice(waiting.indexOf(call), 1);
            if (verdict.kind === 'refuse') {
              expect(used).toBeGreaterThanOrEqual(limit);
              continue;
            }
            if (!call) continue;
            flying.push({ ...call, ...within(call.most), overLimit: verdict.overLimit });
            largest = Math.max(largest, call.takes);
          }
          expect(used).toBeLessThanOrEqual(limit + largest);
        },
      ),
    );
  });
});

test('a budget bounds what it names, in billionths of a dollar', () => {
  const used = { tokens: 5, nanoUsd: 7, calls: 2 };
  expect(budgetBounds('t', null, used, 'this task')).toEqual([]);
  expect(budgetBounds('t', { tokens: null, usd: 0.1, calls: 3 }, used, 'this task')).toEqual([
    {
      id: 't calls null',
      holder: 't',
      unit: 'calls',
      limit: 3,
      used: 2,
      span: null,
      says: '2 of 3 calls of this task are used',
    },
    {
      id: 't nanoUsd null',
      holder: 't',
      unit: 'nanoUsd',
      limit: 1e8,
      used: 7,
      span: null,
      says: '0.000000007 of 0.1 US dollars of this task are used',
    },
  ]);
});

test('limits of a key bound its day and its month', () => {
  const spent = { day: { nanoUsd: 1, tokens: 3 }, month: { nanoUsd: 2, tokens: 9 } };
  const key = { id: 'k', name: 'ci', spendPerDay: 1, spendPerMonth: 20, tokensPerDay: 500, raised: [] };
  const now = new Date('2026-11-30T12:00:00Z');
  expect(limitBounds(key, spent, now).map(({ unit, limit, used, span }) => [unit, limit, used, span])).toEqual([
    ['nanoUsd', 1e9, 1, 'day'],
    ['nanoUsd', 2e10, 2, 'month'],
    ['tokens', 500, 3, 'day'],
  ]);
  expect(limitBounds(key, spent, now)[2]?.says).toBe('3 of 500 tokens a day of the key "ci" are used');
  const free = { ...key, spendPerDay: null, spendPerMonth: null, tokensPerDay: null };
  expect(limitBounds(free, spent, now)).toEqual([]);
});

test('a limit of a key that is used up asks for as much once more, until its day or month is over', () => {
  const now = new Date('2026-11-30T12:00:00Z');
  const spent = { day: { nanoUsd: 1_100_000_001, tokens: 0 }, month: { nanoUsd: 5e9, tokens: 0 } };
  const limits = { spendPerDay: 1, spendPerMonth: 5, tokensPerDay: LIMITS.tokensMax };
  const raised = [
    { limit: 'spendPerDay', to: 1.1, until: '2026-12-01T00:00:00.000Z' },
    { limit: 'spendPerMonth', to: 9, until: '2026-11-01T00:00:00.000Z' },
  ] as const;
  const key = { id: 'k', name: 'ci', ...limits, raised: [...raised] };
  const bounds = limitBounds(key, spent, now);
  const asked = { keyId: 'k', unit: 'usd' };
  expect(bounds.map((bound) => raiseOf(bound, now))).toEqual([
    {
      ...{ ...asked, limit: 'spendPerDay', base: 1, current: 1.1, requested: 2.100000001 },
      until: '2026-12-01T00:00:00.000Z',
    },
    {
      ...{ ...asked, limit: 'spendPerMonth', base: 5, current: 5, requested: 10 },
      until: '2026-12-01T00:00:00.000Z',
    },
    null,
  ]);
});
