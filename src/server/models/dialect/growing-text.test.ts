import { describe, expect, test } from 'vitest';
import { createGrowingText } from './growing-text.ts';

function read(parts: readonly string[], last?: string): string {
  const text = createGrowingText();
  const told = parts.map((part) => text.add(part, false));
  if (last !== undefined) told.push(text.add(last, true));
  told.push(text.end());
  return told.join('');
}

describe('parts', () => {
  test.each<[string, string[], string]>([
    ['that follow one another', ['Hello', ', ', 'you'], 'Hello, you'],
    ['that are equal', ['\n', '\n', 'ha', 'ha', 'ha'], '\n\nhahaha'],
    ['of which one begins like all before', ['1', '10', '1'], '1101'],
    ['that grow by chance', ['-', '--', '--', ' x'], '----- x'],
    ['that grow', ['Hello', 'Hello, you', 'Hello, you there', 'Hello, you there!'], 'Hello, you there!'],
    ['that grow from almost nothing', ['H', 'He', 'Hello, you there', 'Hello, you there!'], 'Hello, you there!'],
    [
      'that grow, and stand still',
      ['Hello, you', 'Hello, you there', 'Hello, you there', 'Hello, you there!'],
      'Hello, you there!',
    ],
    ['that grow once', ['Hello', 'Hello, you there!'], 'Hello, you there!'],
    ['that are short and grow once', ['1', '10'], '110'],
  ])('%s', (_, parts, text) => expect(read(parts)).toBe(text));
});

describe('a whole text', () => {
  test.each<[string, string[], string, string]>([
    ['alone', [], 'Hello', 'Hello'],
    ['after its parts', ['Hel', 'lo'], 'Hello', 'Hello'],
    ['that says more', ['Hel', 'lo'], 'Hello, you', 'Hello, you'],
    ['without the space of its parts', ['\n\nHel', 'lo '], 'Hello', '\n\nHello '],
    ['after parts that grow', ['Hello', 'Hello, you there!'], 'Hello, you there!', 'Hello, you there!'],
  ])('%s', (_, parts, last, text) => expect(read(parts, last)).toBe(text));

  test('once and again is told once; texts that are called whole and are not follow one another', () => {
    const one = createGrowingText();
    expect(['Hello', 'Hello', 'Hello, you'].map((text) => one.add(text, true))).toEqual(['Hello', '', ', you']);
    const two = createGrowingText();
    expect(['Hello', ', ', 'you'].map((text) => two.add(text, true))).toEqual(['Hello', ', ', 'you']);
  });

  test('of any length', () => {
    const text = createGrowingText();
    const line = 'All work and no play. ';
    for (let at = 0; at < 10_000; at += 1) text.add(`${line}${at}`, false);
    expect(text.add('All work', true)).toBe('');
  });
});
