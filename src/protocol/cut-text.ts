// How a text that is over its limit is cut: in the middle, because beginning and end say most. Free of dependencies.

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Returns the text when it has at most `maxBytes` bytes of UTF-8, else its beginning and end around a note. */
export function cutMiddle(text: string, maxBytes: number): string {
  if (text.length * 3 <= maxBytes) return text;
  const bytes = encoder.encode(text);
  if (bytes.length <= maxBytes) return text;
  const note = `\n… ${bytes.length - maxBytes} bytes cut …\n`;
  const room = Math.max(0, maxBytes - encoder.encode(note).length);
  const headBytes = Math.ceil(room / 2);
  const head = decoder.decode(bytes.subarray(0, characterStart(bytes, headBytes)));
  const tail = decoder.decode(bytes.subarray(nextCharacter(bytes, bytes.length - (room - headBytes))));
  return head + note + tail;
}

const isContinuation = (byte: number | undefined) => byte !== undefined && (byte & 0xc0) === 0x80;

function characterStart(bytes: Uint8Array, index: number): number {
  let start = index;
  while (start > 0 && isContinuation(bytes[start])) start--;
  return start;
}

function nextCharacter(bytes: Uint8Array, index: number): number {
  let next = index;
  while (isContinuation(bytes[next])) next++;
  return next;
}
