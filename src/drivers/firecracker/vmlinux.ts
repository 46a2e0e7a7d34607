// Firecracker boots an uncompressed ELF kernel; distributions pack theirs into a bzImage. Takes it out again.
// The layout is the kernel's Documentation/arch/x86/boot.rst; the packed kernel ends with its own size.
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { SeedError } from '../../protocol/errors.ts';
import { unpackLz4 } from './lz4.ts';

const SECTOR_BYTES = 512;
const MAGIC = { zstd: '28b52ffd', lz4: '02214c18', gzip: '1f8b08', elf: '7f454c46' } as const;
const UNPACKED_BYTES = 256 * 1024 * 1024;

/** The ELF file in a bzImage, or the file itself when it is one. Throws SeedError `setup_failed`. */
export function unpackKernel(file: Buffer): Buffer {
  if (startsWith(file, MAGIC.elf)) return file;
  const packed = payload(file);
  const unpacked = unpack(packed);
  if (!startsWith(unpacked, MAGIC.elf)) throw notAKernel('what is packed in it is no ELF file');
  return unpacked;
}

function payload(file: Buffer): Buffer {
  if (file.length < 0x260 || file.toString('latin1', 0x202, 0x206) !== 'HdrS') {
    throw notAKernel('it has no setup header');
  }
  const setupSectors = file.readUInt8(0x1f1) || 4;
  const start = (setupSectors + 1) * SECTOR_BYTES + file.readUInt32LE(0x248);
  const packed = file.subarray(start, start + file.readUInt32LE(0x24c));
  if (packed.length < 8) throw notAKernel('it holds no packed kernel');
  return packed;
}

function unpack(packed: Buffer): Buffer {
  const size = packed.readUInt32LE(packed.length - 4);
  if (size > UNPACKED_BYTES) throw notAKernel(`it claims to unpack to ${size} bytes`);
  const content = packed.subarray(0, -4);
  const limit = { maxOutputLength: size };
  if (startsWith(packed, MAGIC.zstd)) return zstdDecompressSync(content, limit);
  if (startsWith(packed, MAGIC.lz4)) return unpackLz4(content, size);
  // gzip's own trailer is that size.
  if (startsWith(packed, MAGIC.gzip)) return gunzipSync(packed, limit);
  throw notAKernel(`it is packed in a way unknown here (${packed.toString('hex', 0, 6)})`);
}

function startsWith(bytes: Buffer, hex: string): boolean {
  return bytes.toString('hex', 0, hex.length / 2) === hex;
}

function notAKernel(why: string): SeedError {
  return new SeedError('setup_failed', `The kernel of the virtual machine cannot be unpacked: ${why}.`);
}
