import { gzipSync, zstdCompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { unpackKernel } from './vmlinux.ts';

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
