// Every sandbox of a snapshot wakes up with the same memory, so with the same state of OpenSSL's generator, the
// same cache of crypto.randomUUID and the same state of Math.random. None of them can be reseeded from JavaScript.
// So the guest's own process draws all of these from the kernel, whose randomness differs between sandboxes.
import crypto from 'node:crypto';
import { openSync, readSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

type View = NodeJS.ArrayBufferView;

const POOL_BYTES = 4096;
const pool = Buffer.alloc(POOL_BYTES);
let used = POOL_BYTES;
let source: number | undefined;

/** Replaces what draws random numbers in this process. The agent's processes start later and need none of this. */
export function drawFromKernel(): void {
  source ??= openSync('/dev/urandom', 'r');
  Object.assign(crypto, { randomBytes, randomFill, randomFillSync, randomInt, randomUUID });
  syncBuiltinESMExports();
  Object.assign(Object.getPrototypeOf(globalThis.crypto) as object, {
    getRandomValues: <Values extends View>(values: Values) => randomFillSync(values),
    randomUUID,
  });
  Math.random = () => take(6).readUIntLE(0, 6) / 2 ** 48;
}

/** Throws away what was drawn ahead. To be called first thing after the restore. */
export function forgetDrawn(): void {
  used = POOL_BYTES;
}

/** Copies, so that nothing handed out is overwritten later. */
function take(bytes: number): Buffer {
  if (bytes > POOL_BYTES) return fill(Buffer.alloc(bytes));
  if (used + bytes > POOL_BYTES) {
    fill(pool);
    used = 0;
  }
  used += bytes;
  return Buffer.from(pool.subarray(used - bytes, used));
}

function fill(buffer: Buffer): Buffer {
  for (let filled = 0; filled < buffer.length; ) {
    filled += readSync(source ?? 0, buffer, filled, buffer.length - filled, null);
  }
  return buffer;
}

type Callback<Value> = (error: Error | null, value: Value) => void;

function randomBytes(size: number, callback?: Callback<Buffer>): Buffer | undefined {
  const bytes = take(size);
  if (callback === undefined) return bytes;
  setImmediate(callback, null, bytes);
  return undefined;
}

function randomFillSync<Values extends View>(values: Values, offset = 0, size?: number): Values {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const end = size === undefined ? bytes.length : offset + size;
  bytes.set(take(end - offset), offset);
  return values;
}

/** As Node's: (values, callback), (values, offset, callback) or (values, offset, size, callback). */
function randomFill<Values extends View>(values: Values, ...rest: unknown[]): void {
  const [offset, size] = rest.slice(0, -1) as number[];
  setImmediate(rest.at(-1) as Callback<Values>, null, randomFillSync(values, offset, size));
}

/** As Node's: ([min,] max[, callback]). Numbers that would make some results likelier are drawn again. */
function randomInt(...given: (number | Callback<number>)[]): number | undefined {
  const callback = typeof given.at(-1) === 'function' ? (given.pop() as Callback<number>) : undefined;
  const [first = 0, second] = given as number[];
  const [min, max] = second === undefined ? [0, first] : [first, second];
  const range = max - min;
  if (!Number.isSafeInteger(min) || !(range > 0 && range < 2 ** 48)) {
    throw new RangeError(`there is no random integer from ${min} to below ${max}`);
  }
  const fair = 2 ** 48 - (2 ** 48 % range);
  let drawn = take(6).readUIntLE(0, 6);
  while (drawn >= fair) drawn = take(6).readUIntLE(0, 6);
  const value = min + (drawn % range);
  if (callback === undefined) return value;
  setImmediate(callback, null, value);
  return undefined;
}

/** RFC 9562, version 4. */
function randomUUID(): string {
  const bytes = take(16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
