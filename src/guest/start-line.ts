// Reads the first line after the restore from standard input and leaves everything behind it in the stream: the HTTP/2
// preface may have come in the same chunk.
import type { Readable } from 'node:stream';
import type { StartLine } from '../protocol/guest.ts';

const LINE_BYTES = 4096;

/** Resolves with the line; null when the stream ends without one. Rejects when it is longer than 4 KiB or not JSON. */
export async function readStartLine(input: Readable): Promise<StartLine | null> {
  let line = Buffer.alloc(0);
  for (;;) {
    const chunk = input.read() as Buffer | null;
    if (chunk === null) {
      if (input.readableEnded) return null;
      await readableOrEnd(input);
      continue;
    }
    line = Buffer.concat([line, chunk]);
    const end = line.indexOf(0x0a);
    if (end !== -1) {
      input.unshift(line.subarray(end + 1));
      return parseStartLine(line.subarray(0, end).toString('utf8'));
    }
    if (line.length > LINE_BYTES) throw new Error(`the start line is longer than ${LINE_BYTES} bytes`);
  }
}

function readableOrEnd(input: Readable): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: Error) => {
      input.off('readable', settle).off('end', settle).off('error', settle);
      if (error === undefined) resolve();
      else reject(error);
    };
    input.on('readable', settle).on('end', settle).on('error', settle);
  });
}

function parseStartLine(line: string): StartLine {
  const start = JSON.parse(line) as StartLine;
  if (start.protocol !== 1 || typeof start.entropy !== 'string')
    throw new Error('the start line is not of protocol 1');
  return start;
}
