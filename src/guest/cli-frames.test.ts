import { expect, test } from 'vitest';
import { encodeByte, encodeFrame, type Frame, frameReader, parseCall } from './cli-frames.ts';

const frames = (chunks: readonly Buffer[], mostBytes = 1000): Frame[] => {
  const read: Frame[] = [];
  const take = frameReader(mostBytes, ({ type, body }) => read.push({ type, body: Buffer.from(body) }));
  for (const chunk of chunks) take(chunk);
  return read;
};

test('frames are whole however the stream is cut', () => {
  const sent = [encodeFrame('A', Buffer.from('ünï')), encodeFrame('I'), encodeByte('C', 1, 32)];
  const stream = Buffer.concat(sent);
  const expected = [
    { type: 'A', body: Buffer.from('ünï') },
    { type: 'I', body: Buffer.alloc(0) },
    { type: 'C', body: Buffer.from([1, 32]) },
  ];
  expect(frames([stream])).toEqual(expected);
  for (let first = 1; first < stream.length; first += 1)
    for (let second = first; second < stream.length; second += 1)
      expect(frames([stream.subarray(0, first), stream.subarray(first, second), stream.subarray(second)])).toEqual(
        expected,
      );
});

test('a frame that is too long is refused before its body is kept', () => {
  expect(() => frames([encodeFrame('O', Buffer.alloc(1001)).subarray(0, 5)])).toThrow('longer than 1000');
});

test("a call says folder, mask, terminals, arguments and environment, with every text's own bytes", () => {
  const parts = ['/work space', '18', '80', '', '0', '3', '', 'a\nb', '--x=ü', 'A=1', 'B=c=d', 'E='];
  expect(parseCall(Buffer.from(`${parts.join('\0')}\0`))).toEqual({
    cwd: '/work space',
    umask: 18,
    terminals: [
      { isTerminal: true, columns: 80 },
      { isTerminal: false, columns: 0 },
      { isTerminal: true, columns: 0 },
    ],
    args: ['', 'a\nb', '--x=ü'],
    env: { A: '1', B: 'c=d', E: '' },
  });
});
