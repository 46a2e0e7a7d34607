import { expect, test } from 'vitest';
import { columnTypes, parameterOf } from './column-types.ts';
import { types } from './connection.ts';

const parse = (oid: number, text: string) =>
  columnTypes([{ array: 90_001, item: 90_000 }]).getTypeParser(oid, 'text')(text);
const OID = types.builtins;

test.each<[string, number, string, unknown]>([
  ['a date is no moment', OID.DATE, '2026-03-29', '2026-03-29'],
  ['a numeric keeps its digits', OID.NUMERIC, '12345678901234567890.10', '12345678901234567890.10'],
  ['a bigint is a number', OID.INT8, '-9007199254740991', -9007199254740991],
  ['a bigint is its digits where a number would be rounded', OID.INT8, '9007199254740993', '9007199254740993'],
  ['a timestamp is UTC', OID.TIMESTAMP, '2026-03-29 02:30:00.5', new Date('2026-03-29T02:30:00.500Z')],
  ['a timestamp may be endless', OID.TIMESTAMP, '-infinity', '-infinity'],
  ['a moment has its zone', OID.TIMESTAMPTZ, '2026-03-29 02:30:00+02', new Date('2026-03-29T00:30:00Z')],
  ['an interval is ISO 8601', OID.INTERVAL, '1 mon -2 days 03:04:05.000006', 'P0Y1M-2DT3H4M5.000006S'],
  ['bytes', OID.BYTEA, '\\x00ff', Buffer.from([0, 255])],
  ['json', OID.JSONB, '{"a": [1]}', { a: [1] }],
  ['an array of numerics', 1231, '{1.10,NULL}', ['1.10', null]],
  ['an array of arrays of bigints', 1016, '{{1},{9007199254740993}}', [[1], ['9007199254740993']]],
  ['an array of dates', 1182, '{2026-01-01}', ['2026-01-01']],
  ['an array of booleans', 1000, '{t,f}', [true, false]],
  ['an array of json', 3807, '{"{\\"a\\": 1}"}', [{ a: 1 }]],
  ['an array of texts', 1009, '{"a,b",NULL,"NULL"}', ['a,b', null, 'NULL']],
  ["an array of a pack's own enum", 90_001, '{new,"in use"}', ['new', 'in use']],
  ['anything else is text', 90_002, '{x}', '{x}'],
])('%s', (_, oid, text, value) => expect(parse(oid, text)).toEqual(value));

test('moments are written in UTC, in arrays too, and large whole numbers as their digits', () => {
  const at = new Date('2026-03-29T02:30:00.500Z');
  expect(parameterOf(at)).toBe('2026-03-29T02:30:00.500Z');
  expect(parameterOf([at, 2n ** 60n])).toEqual(['2026-03-29T02:30:00.500Z', '1152921504606846976']);
  const json = { at };
  expect(parameterOf(json)).toBe(json);
});
