import { expect, test } from 'vitest';
import { unpackLz4 } from './lz4.ts';

/** One block in a legacy frame. */
function frame(...block: number[]): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32LE(0x184c2102, 0);
  head.writeUInt32LE(block.length, 4);
  return Buffer.concat([head, Buffer.from(block)]);
}

const letters = (text: string) => [...Buffer.from(text)];

test('literals alone', () => {
  expect(unpackLz4(frame(0x30, ...letters('abc')), 3).toString()).toBe('abc');
});

test('a match that overlaps itself, then literals', () => {
  // "ab", 4 + 6 bytes from 2 back, "c"
  const packed = frame(0x26, ...letters('ab'), 2, 0, 0x10, ...letters('c'));
  expect(unpackLz4(packed, 13).toString()).toBe('abababababab' + 'c');
});

test('long lengths', () => {
  const text = 'x'.repeat(300);
  expect(unpackLz4(frame(0xf0, 255, 300 - 15 - 255, ...letters(text)), 300).toString()).toBe(text);
});

test.each([
  ['a match before the beginning', frame(0x10, 97, 9, 0, 0x10, 98), 10],
  ['more literals than there are', frame(0x50, 97), 5],
  ['more output than announced', frame(0x30, ...letters('abc')), 2],
  ['less output than announced', frame(0x30, ...letters('abc')), 4],
])('%s is refused', (_, packed, size) => {
  expect(() => unpackLz4(packed, size)).toThrow('The LZ4 data is broken.');
});
