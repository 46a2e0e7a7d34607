// The smallest kernel that shows whether KVM runs a virtual machine at the processor's own speed: it counts, says
// so on the serial port and resets the machine. Made here, byte for byte, because a probe must not need an image.

/** What the machine says on its console. */
export const PROBE_WORDS = 'kvm runs';

/** A tenth of a second for a processor; minutes where each instruction is emulated. */
const STEPS = 300_000_000;

const LOAD_ADDRESS = 0x100_0000;
const FILE_HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;

/** A static x86-64 ELF file as Firecracker loads it: entered in 64-bit mode with interrupts off. */
export function probeKernel(steps: number = STEPS): Buffer {
  const code = machineCode(steps);
  const offset = FILE_HEADER_BYTES + PROGRAM_HEADER_BYTES;
  return Buffer.concat([fileHeader(), programHeader(offset, code.length), code]);
}

/** See elf(5): 64 bits, little endian, executable, x86-64. */
function fileHeader(): Buffer {
  const header = Buffer.alloc(FILE_HEADER_BYTES);
  Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]).copy(header);
  header.writeUInt16LE(2, 16);
  header.writeUInt16LE(62, 18);
  header.writeUInt32LE(1, 20);
  header.writeBigUInt64LE(BigInt(LOAD_ADDRESS), 24);
  header.writeBigUInt64LE(BigInt(FILE_HEADER_BYTES), 32);
  header.writeUInt16LE(FILE_HEADER_BYTES, 52);
  header.writeUInt16LE(PROGRAM_HEADER_BYTES, 54);
  header.writeUInt16LE(1, 56);
  return header;
}

/** One segment, loaded and executable. */
function programHeader(offset: number, size: number): Buffer {
  const header = Buffer.alloc(PROGRAM_HEADER_BYTES);
  header.writeUInt32LE(1, 0);
  header.writeUInt32LE(7, 4);
  const fields = [offset, LOAD_ADDRESS, LOAD_ADDRESS, size, size, 0];
  for (const [index, value] of fields.entries()) header.writeBigUInt64LE(BigInt(value), 8 + index * 8);
  return header;
}

function machineCode(steps: number): Buffer {
  const count = Buffer.from([0xb9, 0, 0, 0, 0, 0xff, 0xc9, 0x75, 0xfc]); // mov ecx, steps; 1: dec ecx; jnz 1b
  count.writeUInt32LE(steps, 1);
  const port = [0x66, 0xba, 0xf8, 0x03]; // mov dx, 0x3f8: the first serial port
  const words = [...Buffer.from(`${PROBE_WORDS}\n`)].flatMap((byte) => [0xb0, byte, 0xee]); // mov al, byte; out dx, al
  const reset = [0xb0, 0xfe, 0xe6, 0x64]; // mov al, 0xfe; out 0x64, al: the keyboard controller's reset line
  const rest = [0xf4, 0xeb, 0xfd]; // 1: hlt; jmp 1b
  return Buffer.concat([count, Buffer.from([...port, ...words, ...reset, ...rest])]);
}
