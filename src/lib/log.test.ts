import { expect, test } from 'vitest';
import { plainLine } from './log.ts';

test('a line of the log holds no control character and still means the same', () => {
  const nasty = 'a\u001b[2J\u009b31m\u007f\r\n{"level":50}\u2028\u202eb';
  const line = plainLine(`${JSON.stringify({ msg: nasty })}\n`);
  expect(line.slice(0, -1)).toMatch(/^[\x20-\x7e]*$/);
  expect(line.split('\n')).toHaveLength(2);
  expect(JSON.parse(line)).toEqual({ msg: nasty });
});
