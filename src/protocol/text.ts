// How long texts are on the wire, and long ones cut in their middle. Free of dependencies: the guest uses it.
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The text in at most `maxBytes` bytes of UTF-8; a line in the middle says how many bytes were left out. */
export function cutMiddle(text: string, maxBytes: number): string {
  // Three bytes is the most a UTF-16 code unit takes.
  if (text.length * 3 <= maxBytes) return text;
  const bytes = encoder.encode(text);
  if (bytes.length <= maxBytes) return text;
  const longestNote = encoder.encode(note(bytes.length)).length;
  const kept = Math.max(0, maxBytes - longestNote);
  const headEnd = boundary(bytes, Math.ceil(kept / 2), -1);
  const tailStart = boundary(bytes, bytes.length - Math.floor(kept / 2), 1);
  const head = decoder.decode(bytes.subarray(0, headEnd));
  const tail = decoder.decode(bytes.subarray(tailStart));
  return head + note(tailStart - headEnd) + tail;
}

function note(bytes: number): string {
  return `\n[… ${bytes} bytes left out …]\n`;
}

/** The nearest index from `index` in `direction` at which no character is cut in two. */
function boundary(bytes: Uint8Array, index: number, direction: 1 | -1): number {
  let at = index;
  while (at > 0 && at < bytes.length && ((bytes[at] ?? 0) & 0xc0) === 0x80) at += direction;
  return at;
}

/** Bytes of UTF-8: what limits count. `length` counts UTF-16 units, of which one may be three bytes. */
export function utf8Length(text: string): number {
  return encoder.encode(text).length;
}
