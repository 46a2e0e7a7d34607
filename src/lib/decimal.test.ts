import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  addDecimals,
  compareDecimals,
  isMultiple,
  parseDecimal,
  wholeMultiples,
  writeDecimal,
  ZERO,
} from './decimal.ts';

const decimal = fc.record({
  units: fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }),
  scale: fc.integer({ min: 0, max: 12 }),
});

it('adds, compares and writes as whole numbers of the smallest unit do', () => {
  fc.assert(
    fc.property(decimal, decimal, (one, other) => {
      const units = ({ units, scale }: typeof one) => units * 10n ** BigInt(12 - scale);
      const sum = addDecimals(one, other);
      expect(units(sum)).toBe(units(one) + units(other));
      expect(Math.sign(compareDecimals(one, other))).toBe(
        units(one) < units(other) ? -1 : units(one) > units(other) ? 1 : 0,
      );
      const again = parseDecimal(writeDecimal(sum));
      expect(again && compareDecimals(again, sum)).toBe(0);
      if (other.units <= 0n) return;
      const count = wholeMultiples(one, other);
      expect(units(other) * count <= units(one) && units(one) < units(other) * (count + 1n)).toBe(true);
      expect(isMultiple(one, other)).toBe(units(one) === units(other) * count);
    }),
  );
});

it.each([
  ['1e3', '1000'],
  ['1E-3', '0.001'],
  ['500.000000001', '500.000000001'],
  ['-0', '0'],
  ['1.50', '1.5'],
  ['1e400', `1${'0'.repeat(400)}`],
])('reads %s as %s', (text, written) => {
  expect(writeDecimal(parseDecimal(text) ?? ZERO)).toBe(written);
});

it.each(['٥٠٠', '1,5', '+1', '.5', '5.', '0x1', 'Infinity', '', ' 1', '1e401', '01', '9'.repeat(401)])(
  'does not read %s',
  (text) => {
    expect(parseDecimal(text)).toBeNull();
  },
);
