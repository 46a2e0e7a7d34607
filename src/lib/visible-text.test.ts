import { expect, test } from 'vitest';
import { visibleText } from './visible-text.ts';

test('what can be seen stays as it is', () => {
  const text = 'Überweise 500 € an "Zoë" — 全部 👍 /path?x=1&y=2';
  expect(visibleText(text)).toBe(text);
});

test('what cannot be seen, or turns what stands around it, is written out', () => {
  expect(visibleText('pay \u202E005\u202C now')).toBe('pay \\u{202E}005\\u{202C} now');
  expect(visibleText('one\ntwo\tthree\r')).toBe('one\\ntwo\\tthree\\r');
  expect(visibleText('\u001b[31mred\u0000')).toBe('\\u{1B}[31mred\\u{0}');
  expect(visibleText('a\u200bb\u00adc\u2066d\ufeffe')).toBe('a\\u{200B}b\\u{AD}c\\u{2066}d\\u{FEFF}e');
  expect(visibleText('\u{e0041}\u2028\u00a0\u3164\ufe0f\u2800')).toBe(
    '\\u{E0041}\\u{2028}\\u{A0}\\u{3164}\\u{FE0F}\\u{2800}',
  );
});
