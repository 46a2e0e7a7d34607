import fc from 'fast-check';
import { expect, test } from 'vitest';
import { seal, unseal } from './seal.ts';

test('opens with the secret and for the place it was sealed for, and not otherwise', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const sealed = seal(text, 'one secret', 'one place');
      expect(unseal(sealed, 'one secret', 'one place')).toBe(text);
      expect(unseal(sealed, 'other secret', 'one place')).toBeNull();
      expect(unseal(sealed, 'one secret', 'other place')).toBeNull();
    }),
  );
});

test('shows nothing of the text, nor that two are the same', () => {
  const text = 'sk_live_'.padEnd(200, 'x');
  const sealed = seal(text, 'secret', 'place');
  expect(sealed.toString('latin1')).not.toContain('sk_live_');
  expect(sealed.equals(seal(text, 'secret', 'place'))).toBe(false);
});

test('what was damaged does not open', () => {
  const sealed = seal('text', 'secret', 'place');
  for (let at = 0; at < sealed.length; at += 1) {
    const damaged = Buffer.from(sealed);
    damaged[at] = (damaged[at] ?? 0) ^ 1;
    expect(unseal(damaged, 'secret', 'place')).toBeNull();
  }
  expect(unseal(Buffer.alloc(3), 'secret', 'place')).toBeNull();
});
