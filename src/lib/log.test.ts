import { expect, test } from 'vitest';
import { plainLine, readableLine } from './log.ts';

test('a line of the log holds no control character and still means the same', () => {
  const nasty = 'a\u001b[2J\u009b31m\u007f\r\n{"level":50}\u2028\u202eb';
  const line = plainLine(`${JSON.stringify({ msg: nasty })}\n`);
  expect(line.slice(0, -1)).toMatch(/^[\x20-\x7e]*$/);
  expect(line.split('\n')).toHaveLength(2);
  expect(JSON.parse(line)).toEqual({ msg: nasty });
});

test('on a terminal a line is readable, with the stack of its error, and still holds no control character', () => {
  const nasty = 'a\u001b[2J\u009b31m\n"b"\u202e';
  const record = {
    level: 40,
    time: 0,
    pid: 1,
    hostname: 'h',
    name: 'server',
    msg: 'it failed',
    count: 2,
    path: nasty,
  };
  const err = { type: 'Error', message: 'x', stack: 'Error: x\n    at \u001bfile.ts:1' };
  const line = readableLine(`${JSON.stringify({ ...record, err })}\n`);
  expect(line).toMatch(/^\d\d:\d\d:\d\d warn {2}server: it failed count=2 path=a\\u001b\[2J/);
  expect(line.split('\n').slice(1)).toEqual(['  Error: x', '      at \\u001bfile.ts:1', '']);
  expect(line.replaceAll('\n', '')).toMatch(/^[\x20-\x7e]*$/);
});
