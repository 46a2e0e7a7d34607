import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cutMiddle } from './text.ts';

test('a text within the limit stays as it is', () => {
  expect(cutMiddle('äöü', 6)).toBe('äöü');
});

test('a longer one keeps its beginning and its end', () => {
  expect(cutMiddle(`begin${'x'.repeat(1000)}end`, 100)).toMatch(/^begin.*\n\[… 939 bytes left out …\]\n.*end$/s);
});

test('it is within the limit and never splits a character', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme', maxLength: 300 }),
      fc.integer({ min: 60, max: 200 }),
      (text, maxBytes) => {
        // That one stands for what was split.
        fc.pre(!text.includes('\ufffd'));
        const cut = cutMiddle(text, maxBytes);
        expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(maxBytes);
        expect(cut).not.toContain('\ufffd');
      },
    ),
  );
});
