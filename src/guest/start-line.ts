// Reads the runner's lines: the question whether the guest is there, and the first line after the restore. All
// behind them, such as an HTTP/2 preface, stays in the stream. Used by main.ts.
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
  for (;;) {
    const line = await readLine(input, LINE_BYTES);
    if (line === null) return null;
    if (`${line}\n` !== READY_QUESTION) return parseStartLine(line);
    await onQuestion();
  }
}

/** Whether the next line is the question; not when the stream ends before. Rejects when it is much longer. */
export async function readQuestion(input: Readable): Promise<boolean> {
  return `${await readLine(input, READY_QUESTION.length)}\n` === READY_QUESTION;
}

/** Null: the stream ended, or closed, in its middle. */
async function readLine(input: Readable, maxBytes: number): Promise<string | null> {
  const pieces: Buffer[] = [];
  let length = 0;
  for (;;) {
    const chunk = input.destroyed ? null : (input.read() as Buffer | null);
    if (chunk === null) {
      if (input.readableEnded || input.destroyed) return null;
      await readableOrEnd(input);
      continue;
    }
    const end = chunk.indexOf(0x0a);
    if (end === -1) {
      pieces.push(chunk);
      length += chunk.length;
      if (length > maxBytes) throw new Error(`the line is longer than ${maxBytes} bytes`);
      continue;
    }
    input.unshift(chunk.subarray(end + 1));
    return Buffer.concat([...pieces, chunk.subarray(0, end)]).toString('utf8');
  }
}

function readableOrEnd(input: Readable): Promise<void> {
  return new Promise((resolve, reject) => {
    const off = () => input.off('readable', goOn).off('end', goOn).off('close', goOn).off('error', fail);
    const goOn = () => {
      off();
      resolve();
    };
    const fail = (error: Error) => {
      off();
      reject(error);
    };
    input.on('readable', goOn).on('end', goOn).on('close', goOn).on('error', fail);
  });
}

function parseStartLine(line: string): StartLine {
  const start = JSON.parse(line) as StartLine;
  if (start.protocol !== 1 || typeof start.entropy !== 'string')
    throw new Error('the start line is not of protocol 1');
  return start;
}
