import { describe, expect, test } from 'vitest';
import { usageOf } from './usage.ts';

const told = (usage: object) => {
  const { inputTokens, outputTokens, cachedTokens, reasoningTokens, totalTokens, costUsd } = usageOf({ usage });
  return [inputTokens, outputTokens, cachedTokens, reasoningTokens, totalTokens, costUsd];
};

describe('counts', () => {
  test.each<[string, object, unknown[]]>([
    ['as OpenAI has them', { prompt_tokens: 9, completion_tokens: 4, total_tokens: 13 }, [9, 4, 0, 0, null, null]],
    ['as text, with space', { prompt_tokens: ' 9', completion_tokens: '4.0' }, [9, 4, 0, 0, null, null]],
    [
      'that are no counts',
      { prompt_tokens: 'x', completion_tokens: true, total_tokens: {} },
      [null, null, 0, 0, null, null],
    ],
    ['that cannot be', { prompt_tokens: 1e12, completion_tokens: -1, cost: 1e9 }, [null, null, 0, 0, null, null]],
    [
      'with an unread name before the true one',
      { prompt_tokens: null, input_tokens: 9 },
      [9, null, 0, 0, null, null],
    ],
    ['of which only the total is told', { total_tokens: 13 }, [null, null, 0, 0, 13, null]],
    [
      'of which the prompt and the total are told',
      { prompt_tokens: 9, total_tokens: 13 },
      [9, 4, 0, 0, null, null],
    ],
    [
      'of which the answer and the total are told',
      { completion_tokens: 4, total_tokens: 13 },
      [9, 4, 0, 0, null, null],
    ],
    [
      'whose total is too small',
      { prompt_tokens: 9, completion_tokens: 4, total_tokens: 5 },
      [9, 4, 0, 0, null, null],
    ],
    [
      'with a cache that is part of the prompt',
      { prompt_tokens: 9, completion_tokens: 4, total_tokens: 13, cache_read_input_tokens: 5 },
      [9, 4, 5, 0, null, null],
    ],
    [
      'with a cache beside the prompt',
      { prompt_tokens: 9, completion_tokens: 4, total_tokens: 113, cache_read_input_tokens: 100 },
      [109, 4, 100, 0, null, null],
    ],
    [
      'with a cache and no total, as Claude',
      { input_tokens: 9, output_tokens: 4, cache_read_input_tokens: 100 },
      [109, 4, 100, 0, null, null],
    ],
    ['with more cache than prompt', { prompt_tokens: 9, cached_tokens: 100 }, [9, null, 9, 0, null, null]],
    [
      'with thoughts that are part of the answer',
      {
        prompt_tokens: 9,
        completion_tokens: 4,
        total_tokens: 13,
        completion_tokens_details: { reasoning_tokens: 3 },
      },
      [9, 4, 0, 3, null, null],
    ],
    [
      'with thoughts beside the answer',
      {
        prompt_tokens: 9,
        completion_tokens: 4,
        total_tokens: 43,
        completion_tokens_details: { reasoning_tokens: 30 },
      },
      [9, 34, 0, 30, null, null],
    ],
    [
      'with thoughts that only the total has',
      { prompt_tokens: 9, completion_tokens: 4, total_tokens: 43 },
      [9, 34, 0, 0, null, null],
    ],
    [
      "with xAI's cost",
      { prompt_tokens: 9, completion_tokens: 4, cost_in_usd_ticks: 232_856_000 },
      [9, 4, 0, 0, null, 0.0232856],
    ],
    [
      "with DeepInfra's cost",
      { prompt_tokens: 9, completion_tokens: 4, estimated_cost: '0.5' },
      [9, 4, 0, 0, null, 0.5],
    ],
  ])('%s', (_, usage, counts) => expect(told(usage)).toEqual(counts));
});

test('the first place that knows a count tells it', () => {
  const event = {
    usage: { prompt_tokens: 0, completion_tokens: 0 },
    x_groq: { usage: { prompt_tokens: 9, completion_tokens: 4 } },
    timings: { prompt_n: 1, cache_n: 7, predicted_n: 5 },
    choices: [{ delta: { usage: { prompt_tokens: 8 } } }],
  };
  expect(usageOf(event)).toMatchObject({ inputTokens: 9, outputTokens: 4, cachedTokens: 7 });
});
