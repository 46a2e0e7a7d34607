import { describe, expect, test } from 'vitest';
import type { Prices } from '../../lib/money.ts';
import { type CallFacts, callCost, mergeTold, NOTHING_TOLD, type ToldUsage } from './call-usage.ts';

const prices: Prices = {
  models: { priced: { input: 1, output: 2 } },
  compute: { vcpuSecond: 0, gbSecond: 0 },
};
const told = (more: Partial<ToldUsage>): ToldUsage => ({ ...NOTHING_TOLD, ...more });
const ALL = told({ inputTokens: 10, outputTokens: 5 });
const settle = (facts: Partial<CallFacts>, model = 'priced') =>
  callCost(prices, model, {
    told: NOTHING_TOLD,
    requests: 1,
    finished: true,
    output: 3,
    input: () => 100,
    ...facts,
  });

describe('a call that was told to its end', () => {
  test('costs what was told', () => {
    expect(settle({ told: ALL })).toMatchObject({
      inputTokens: 10,
      outputTokens: 5,
      costNanoUsd: 20_000,
      costSource: 'prices',
    });
    expect(settle({ told: { ...ALL, costUsd: 0 } })).toMatchObject({
      costNanoUsd: 0,
      costSource: 'upstream',
    });
    expect(settle({ told: ALL }, 'dear')).toMatchObject({ costSource: 'unknown', unpriced: true });
  });

  test.each<[string, Partial<ToldUsage>, number, number]>([
    ['nothing', {}, 100, 3],
    ['zeros', { inputTokens: 0, outputTokens: 0, costUsd: 0 }, 100, 3],
    ['its input alone', { inputTokens: 10 }, 10, 3],
    ['its output alone', { outputTokens: 5 }, 100, 5],
    ['no output of what it wrote', { inputTokens: 10, outputTokens: 0 }, 10, 3],
  ])('but was told %s is estimated for the rest', (_what, said, inputTokens, outputTokens) => {
    const costNanoUsd = (inputTokens + 2 * outputTokens) * 1_000;
    expect(settle({ told: told(said) })).toMatchObject({
      inputTokens,
      outputTokens,
      costNanoUsd,
      costSource: 'estimated',
      unpriced: false,
    });
    expect(settle({ told: told(said) }, 'dear')).toMatchObject({ costSource: 'estimated', unpriced: true });
  });

  test('costs what the upstream says, however many tokens it took', () => {
    expect(settle({ told: told({ costUsd: 0.01 }) })).toMatchObject({
      inputTokens: 100,
      costNanoUsd: 10_000_000,
      costSource: 'upstream',
    });
  });

  test('and wrote nothing has no output', () => {
    expect(settle({ told: told({ inputTokens: 10, outputTokens: 0 }), output: 0 })).toMatchObject({
      outputTokens: 0,
      costSource: 'prices',
    });
  });
});

describe('a call that was cut off', () => {
  test('has at least what came of it: what was told before may be old', () => {
    const cut = { finished: false, told: told({ inputTokens: 10, outputTokens: 1 }) };
    expect(settle({ ...cut, output: 50 })).toMatchObject({ inputTokens: 10, outputTokens: 50 });
    expect(settle({ ...cut, output: 0 })).toMatchObject({ outputTokens: 1, costSource: 'estimated' });
  });

  test('has its input before anything came of it', () => {
    expect(settle({ finished: false, output: 0 })).toMatchObject({
      inputTokens: 100,
      outputTokens: 0,
      costNanoUsd: 100_000,
      costSource: 'estimated',
    });
  });

  test('costs no less than the upstream had said by then', () => {
    const cut = { finished: false, told: { ...ALL, costUsd: 0.5 } };
    expect(settle(cut)).toMatchObject({ costNanoUsd: 500_000_000, costSource: 'estimated' });
    expect(settle(cut, 'dear')).toMatchObject({ costNanoUsd: 500_000_000, unpriced: false });
  });
});

test('a call that was not served is free, unless the upstream says what it took', () => {
  const free = { inputTokens: 0, outputTokens: 0, costNanoUsd: 0, costSource: 'none', unpriced: false };
  expect(settle({ requests: 0, finished: false, output: 0 })).toMatchObject(free);
  expect(settle({ requests: 0, told: told({ inputTokens: 0, outputTokens: 0 }) }, 'dear')).toMatchObject(free);
  const refused = { requests: 0, finished: false, output: 0, told: told({ inputTokens: 7 }) };
  expect(settle(refused)).toMatchObject({ inputTokens: 7, outputTokens: 0, costSource: 'prices' });
});

test('a request that was lost and sent again is read twice', () => {
  expect(settle({ requests: 2, told: ALL })).toMatchObject({
    inputTokens: 110,
    outputTokens: 5,
    costSource: 'estimated',
  });
});

test('what is told later counts, but a zero says nothing against more', () => {
  const first = told({ inputTokens: 10, outputTokens: 1, cachedTokens: 4 });
  expect(mergeTold(first, told({ outputTokens: 9, costUsd: 0 }))).toEqual({
    inputTokens: 10,
    outputTokens: 9,
    totalTokens: null,
    cachedTokens: 4,
    reasoningTokens: 0,
    costUsd: 0,
  });
  expect(mergeTold(first, told({ inputTokens: 0, outputTokens: 0 }))).toEqual(first);
});
