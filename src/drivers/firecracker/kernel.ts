// Firecracker boots an uncompressed ELF kernel; distributions pack theirs into a bzImage, which this takes it out
// of. The layout is the kernel's Documentation/arch/x86/boot.rst; the packed kernel ends with its own size. Debian
// packs in LZ4's legacy frames (lz4_Frame_format.md, lz4_Block_format.md), which Node's zlib does not know.
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { SeedError } from '../../protocol/errors.ts';

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

const MAGIC_BYTES = 4;

/** Throws SeedError `setup_failed` when the frame is broken or does not have `size` bytes. */
export function unpackLz4(frame: Buffer, size: number): Buffer {
  const output = Buffer.alloc(size);
  let filled = 0;
  let position = MAGIC_BYTES;
  try {
    while (filled < size) {
      const length = frame.readUInt32LE(position);
      position += 4;
      filled = unpackBlock(frame.subarray(position, position + length), output, filled);
      position += length;
    }
  } catch (cause) {
    throw new SeedError('setup_failed', 'The LZ4 data is broken.', { cause });
  }
  return output;
}

/** One sequence after the other: literals, then a match in what is unpacked. Returns where the output ends. */
function unpackBlock(block: Buffer, output: Buffer, start: number): number {
  let at = 0;
  let to = start;
  const extend = (nibble: number): number => {
    let length = nibble;
    if (nibble < 15) return length;
    for (let more = 255; more === 255; ) {
      more = block.readUInt8(at++);
      length += more;
    }
    return length;
  };
  while (at < block.length) {
    const token = block.readUInt8(at++);
    const literals = extend(token >> 4);
    if (at + literals > block.length || to + literals > output.length) throw new RangeError('literals');
    block.copy(output, to, at, at + literals);
    at += literals;
    to += literals;
    if (at === block.length) break;
    const distance = block.readUInt16LE(at);
    at += 2;
    const length = extend(token & 15) + 4;
    if (distance === 0 || distance > to || to + length > output.length) throw new RangeError('match');
    copyMatch(output, to, distance, length);
    to += length;
  }
  return to;
}

/** A match may overlap what it makes: then it repeats itself. */
function copyMatch(output: Buffer, to: number, distance: number, length: number): void {
  if (distance >= length) output.copyWithin(to, to - distance, to - distance + length);
  else for (let index = 0; index < length; index += 1) output[to + index] = output[to + index - distance] ?? 0;
}
