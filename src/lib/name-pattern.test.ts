import { expect, test } from 'vitest';
import { namePattern } from './name-pattern.ts';

test.each<[string, string, boolean]>([
  ['gpt-5', 'gpt-5', true],
  ['gpt-5', 'gpt-5-mini', false],
  ['gpt-5*', 'GPT-5-mini', true],
  ['*-instruct', 'llama-3-instruct', true],
  ['*-instruct', 'llama-3-instruct-q4', false],
  ['qwen*coder*', 'qwen2.5-coder:1.5b', true],
  ['qwen*coder*', 'qwen3', false],
  ['a*a', 'a', false],
  ['a*a', 'aa', true],
  ['a*b*b', 'ab', false],
  ['*', '', true],
  // What means something in a regular expression means nothing here.
  ['a.c', 'abc', false],
  ['m[1]*', 'm[1]x', true],
])('%s fits %s: %s', (pattern, name, fits) => {
  expect(namePattern(pattern)(name)).toBe(fits);
});
