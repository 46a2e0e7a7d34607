import { expect, test } from 'vitest';
import { factsOfSize, sizeInName } from './model-size.ts';

test.each<[string, number | null]>([
  ['qwen2.5-coder:1.5b', 1.5],
  ['Llama-3.2-3B-Instruct', 3],
  ['mixtral-8x7b-instruct', 56],
  ['gemma3n-e4b', 4],
  ['gemma3n:e2b-it-q4_K_M', 2],
  ['Qwen/Qwen3-30B-A3B-Instruct-2507', 30],
  ['qwen3-235b-a22b', 235],
  ['deepseek-r1-distill-qwen-1.5b', 1.5],
  ['/models/Qwen2.5-Coder-1.5B-Instruct-Q4_K_M.gguf', 1.5],
  ['smollm2:135m', 0.135],
  ['granite-4.0-h-350m', 0.35],
  ['kimi-k2-1t', 1_000],
  ['gpt-oss:20b', 20],
  ['qwen2.5-7b-instruct-1m', 7],
  ['nvidia/nemotron-3-super-120b-a12b:free', 120],
  ['llama-4-scout-17b-16e', 17],
  // Names that say no size.
  ['gpt-4o', null],
  ['mlx-model-4bit', null],
  ['qwen-turbo-1m', null],
  ['o3', null],
  ['a3b', null],
  ['mistral-small-2503', null],
  ['default', null],
  ['', null],
])('the size in %s is %s billion', (name, billions) => {
  expect(sizeInName(name)).toBe(billions === null ? null : billions * 1e9);
});

test('a small model gets bash alone and little warmth, unless it thinks', () => {
  expect(factsOfSize(1.5e9, { reasoning: false })).toEqual({ tools: 'bash', sampling: { temperature: 0.2 } });
  expect(factsOfSize(1.7e9, { reasoning: true })).toEqual({ tools: 'bash' });
  expect(factsOfSize(10e9, { reasoning: false })).toEqual({});
  expect(factsOfSize(null, { reasoning: false })).toEqual({});
});
