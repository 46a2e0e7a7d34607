// Unpacks LZ4's legacy frames, in which Debian's kernel is packed; Node's zlib has none. The formats are
// lz4_Frame_format.md ("Legacy frame") and lz4_Block_format.md in LZ4's repository.
import { SeedError } from '../../protocol/errors.ts';

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

/** One sequence after the other: literals, then a match in what is unpacked already. Returns where the output ends. */
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
  else
    for (let index = 0; index < length; index += 1) output[to + index] = output[to + index - distance] ?? 0;
}
