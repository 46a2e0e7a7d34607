// Cuts the bytes of an event stream into whole lines, holding back at most one unfinished line.
import { llmUnavailable } from './upstream-failure.ts';

const NEWLINE = 0x0a;

export interface SseLines {
  /** The lines completed by this chunk, with their newlines. Throws llm_unavailable when a line is too long. */
  push(chunk: Uint8Array): Buffer[];
  /** What is left when the stream ends without a newline. */
  rest(): Buffer;
}

export function createSseLines(maxLineBytes: number): SseLines {
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  const hold = (part: Uint8Array) => {
    held.push(part);
    heldBytes += part.length;
    if (heldBytes > maxLineBytes) throw llmUnavailable(`sent a line of more than ${maxLineBytes} bytes`);
  };
  const takeLine = (): Buffer => {
    const line = Buffer.concat(held, heldBytes);
    held = [];
    heldBytes = 0;
    return line;
  };
  return {
    push(chunk) {
      const lines: Buffer[] = [];
      let from = 0;
      for (let to = chunk.indexOf(NEWLINE); to !== -1; to = chunk.indexOf(NEWLINE, from)) {
        hold(chunk.subarray(from, to + 1));
        lines.push(takeLine());
        from = to + 1;
      }
      if (from < chunk.length) hold(chunk.subarray(from));
      return lines;
    },
    rest: takeLine,
  };
}
