// Reads the first line after the restore. All behind it, such as an HTTP/2 preface, stays in the stream.
import type { Readable } from 'node:stream';
import type { StartLine } from '../protocol/guest.ts';
import { READY_QUESTION } from '../protocol/guest-wire.ts';

/** An instruction of 32 KiB may take six times that in JSON; the rest is for the commands. */
const LINE_BYTES = 1024 * 1024;

/**
 * Resolves with the line; null when the stream ends without one. Rejects when it is longer than 1 MiB or not JSON.
 * @param onQuestion called for each "ready?" before it; what follows is not read before it resolves
 */
export async function readStartLine(
  input: Readable,
  onQuestion: () => Promise<void> = async () => undefined,
): Promise<StartLine | null> {
  let pieces: Buffer[] = [];
  let length = 0;
  for (;;) {
    const chunk = input.read() as Buffer | null;
    if (chunk === null) {
      if (input.readableEnded) return null;
      await readableOrEnd(input);
      continue;
    }
    const end = chunk.indexOf(0x0a);
    if (end === -1) {
      pieces.push(chunk);
      length += chunk.length;
      if (length > LINE_BYTES) throw new Error(`the start line is longer than ${LINE_BYTES} bytes`);
      continue;
    }
    input.unshift(chunk.subarray(end + 1));
    const line = Buffer.concat([...pieces, chunk.subarray(0, end)]).toString('utf8');
    if (`${line}\n` !== READY_QUESTION) return parseStartLine(line);
    pieces = [];
    length = 0;
    await onQuestion();
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
