import { expect, test } from 'vitest';
import { computeCost, modelCost, type Prices, usdOf } from './money.ts';

const prices: Prices = {
  models: { big: { input: 3, output: 15, cached: 0.3 }, plain: { input: 1, output: 2 } },
  compute: { vcpuSecond: 0.00001, gbSecond: 0.000001 },
};
const tokens = { inputTokens: 1_000, outputTokens: 200, cachedTokens: 400, reasoningTokens: 50 };

test('an upstream that names its cost is believed, and nothing else is asked', () => {
  expect(modelCost(prices, 'big', tokens, 0.0123)).toEqual({ nanoUsd: 12_300_000, source: 'upstream' });
  expect(modelCost(prices, 'big', tokens, 0)).toEqual({ nanoUsd: 0, source: 'upstream' });
});

test('else the price list counts, with its own price for cached input', () => {
  // 600 × 3 + 400 × 0.3 + 200 × 15 dollars a million
  expect(modelCost(prices, 'big', tokens, null)).toEqual({ nanoUsd: 4_920_000, source: 'prices' });
  expect(modelCost(prices, 'plain', tokens, null)).toEqual({ nanoUsd: 1_400_000, source: 'prices' });
  const odd = { ...tokens, cachedTokens: 5_000 };
  expect(modelCost(prices, 'big', odd, null).nanoUsd).toBe(3_300_000);
});

test.each(['nobody', 'constructor', '__proto__'])('a model without a price costs nothing known: %s', (model) => {
  expect(modelCost(prices, model, tokens, null)).toEqual({ nanoUsd: 0, source: 'unknown' });
});

test('a sandbox costs what its processors did and what its memory might have done', () => {
  const usage = { cpuSeconds: 2.5, wallMs: 10_000, peakMemoryBytes: 1 };
  expect(computeCost(prices, usage, 2048)).toEqual({ vcpuSeconds: 2.5, gbSeconds: 20, nanoUsd: 45_000 });
  expect(usdOf(45_000)).toBe(0.000045);
});
