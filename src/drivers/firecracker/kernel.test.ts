import { gzipSync, zstdCompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { unpackKernel, unpackLz4 } from './kernel.ts';

const kernel = Buffer.concat([Buffer.from('\x7fELF', 'latin1'), Buffer.alloc(5000, 'kernel')]);

/** A bzImage with one setup sector and the payload right behind it. */
function bzImage(payload: Buffer): Buffer {
  const setup = Buffer.alloc(1024);
  setup.writeUInt8(1, 0x1f1);
  setup.write('HdrS', 0x202, 'latin1');
  setup.writeUInt32LE(0, 0x248);
  setup.writeUInt32LE(payload.length, 0x24c);
  return Buffer.concat([setup, payload, Buffer.from('what follows')]);
}

function withSize(packed: Buffer): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt32LE(kernel.length);
  return Buffer.concat([packed, size]);
}

test('an ELF file stays as it is', () => {
  expect(unpackKernel(kernel)).toBe(kernel);
});

test.each([
  ['zstd', withSize(zstdCompressSync(kernel))],
  ['gzip', gzipSync(kernel)],
])('unpacks %s', (_, payload) => {
  expect(unpackKernel(bzImage(payload)).equals(kernel)).toBe(true);
});

test.each([
  ['no kernel', Buffer.alloc(2000), 'no setup header'],
  ['xz', bzImage(withSize(Buffer.from('fd377a585a000000', 'hex'))), 'in a way unknown here (fd377a585a00)'],
  ['not an ELF file inside', bzImage(gzipSync(Buffer.alloc(100))), 'is no ELF file'],
])('refuses %s', (_, file, message) => {
  expect(() => unpackKernel(file)).toThrow(message);
});

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
