import fc from 'fast-check';
import { types } from 'pg';
import { expect, test } from 'vitest';
import { timeReader } from './timestamps.ts';

const byPg: (text: string) => Date = types.getTypeParser(types.builtins.TIMESTAMPTZ);
const readTime = timeReader(byPg);

test('a time is read as pg reads it', () => {
  const zone = fc.constantFrom('+00', '+02', '-11', '+14', '+05:30', '-03:30', '+00:19:32');
  const digits = fc.constantFrom('', '.7', '.731', '.731999', '.000001', '.9', '.05');
  const time = fc.date({ noInvalidDate: true, min: new Date('0001-01-02'), max: new Date('9999-12-30') });
  fc.assert(
    fc.property(time, digits, zone, (at, fraction, offset) => {
      const text = `${at.toISOString().slice(0, 19).replace('T', ' ')}${fraction}${offset}`;
      expect(readTime(text)).toEqual(byPg(text));
    }),
    { numRuns: 500 },
  );
});

test.each([
  'infinity',
  '-infinity',
  '0044-03-15 12:00:00+00 BC',
  '12026-01-01 00:00:00+00',
  '0050-01-01 00:00:00+00',
])('%s is left to pg', (text) => {
  expect(readTime(text)).toEqual(byPg(text));
});
