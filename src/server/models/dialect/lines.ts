// Cuts bytes of UTF-8 into lines, however they come in pieces: a line ends with LF, CR or CRLF, also one that is
// cut in the middle. Each character is looked at once. Called by event-stream.ts.

export interface LineReader {
  /** The lines that are complete with these bytes. */
  push(bytes: Uint8Array): string[];
  /** What is left when the bytes end: the last line, when nothing ended it. */
  end(): string;
  /** The beginning of the line that is not complete yet. */
  readonly start: string;
  /** About how many bytes of it there are. */
  readonly heldBytes: number;
}

/** As much of a line as tells what it is. */
const START_LENGTH = 16;
/** So many pieces are joined at a time: a line that comes a byte at a time takes no list of all its bytes. */
const PIECES = 1024;

export function createLineReader(): LineReader {
  // It drops a byte order mark in front, and puts U+FFFD where bytes are no UTF-8.
  const decoder = new TextDecoder();
  let pieces: string[] = [];
  let joined: string[] = [];
  let start = '';
  let heldBytes = 0;
  let endedWithCr = false;

  const hold = (text: string, bytes: number) => {
    if (start.length < START_LENGTH) start = (start + text).slice(0, START_LENGTH);
    heldBytes += bytes;
    pieces.push(text);
    if (pieces.length < PIECES) return;
    joined.push(pieces.join(''));
    pieces = [];
  };
  const takeHeld = () => {
    const held = joined.join('') + pieces.join('');
    pieces = [];
    joined = [];
    start = '';
    heldBytes = 0;
    return held;
  };

  return {
    push(bytes) {
      let text = decoder.decode(bytes, { stream: true });
      if (endedWithCr && text !== '') {
        endedWithCr = false;
        if (text.startsWith('\n')) text = text.slice(1);
      }
      if (text === '') return [];
      const lines = text.includes('\r') ? text.split(/\r\n?|\n/) : text.split('\n');
      endedWithCr = text.endsWith('\r');
      const rest = lines.pop() ?? '';
      if (lines.length > 0) {
        lines[0] = takeHeld() + lines[0];
        if (rest !== '') hold(rest, Buffer.byteLength(rest));
      } else hold(rest, bytes.length);
      return lines;
    },
    end() {
      return takeHeld() + decoder.decode();
    },
    get start() {
      return start;
    },
    get heldBytes() {
      return heldBytes;
    },
  };
}
