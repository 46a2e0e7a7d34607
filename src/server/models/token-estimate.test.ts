import { expect, test } from 'vitest';
import type { Prices } from '../../lib/money.ts';
import { planCall } from './token-estimate.ts';

const prices: Prices = {
  models: { known: { input: 1, output: 2 } },
  compute: { vcpuSecond: 0, gbSecond: 0 },
};
const request = (more: object, model = 'known') => ({
  model,
  messages: [{ role: 'user', content: 'grüße' }],
  ...more,
});
const atMost = (body: ReturnType<typeof request>) => planCall(body, prices, true).atMost;
const bytes = (body: object) => Buffer.byteLength(JSON.stringify(body));

test.each([{ max_tokens: 100 }, { max_completion_tokens: 100 }, { max_completion_tokens: 100, max_tokens: 900 }])(
  'a request that limits its answer takes at most its bytes and that: %j',
  (limit) => {
    const input = bytes(request(limit));
    expect(atMost(request(limit))).toEqual({
      tokens: input + 100,
      nanoUsd: (input + 200) * 1000,
      calls: 1,
    });
  },
);

test('several answers count each', () => {
  const several = request({ max_tokens: 10, n: 3 });
  expect(atMost(several).tokens).toBe(bytes(several) + 30);
});

test.each([{}, { max_tokens: null }, { max_tokens: -1 }, { max_tokens: '100' }])(
  'nobody knows what %j takes',
  (limit) => {
    expect(atMost(request(limit))).toEqual({ tokens: null, nanoUsd: null, calls: 1 });
  },
);

test('nor what a model without a price costs', () => {
  const { tokens, nanoUsd } = atMost(request({ max_tokens: 1 }, 'unknown'));
  expect([typeof tokens, nanoUsd]).toEqual(['number', null]);
});
