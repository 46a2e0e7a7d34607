// Reads what somebody else sends (answers, documents, a child process's complaints), as lines, whole, or only its
// end, and keeps no more of it than it may have.
import type { Readable } from 'node:stream';
import { SeedError } from '../protocol/errors.ts';

/** All bytes of the stream; null as soon as there are more than `maxBytes`, which ends the stream. */
export async function readWithin(stream: AsyncIterable<Uint8Array>, maxBytes: number) {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.length;
    if (bytes > maxBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const LINE_LIMIT_CHARACTERS = 4 * 1024 * 1024;

/** The non-empty lines of a body. Throws SeedError when one is too long, the body's own error when it breaks. */
export async function* linesOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > LINE_LIMIT_CHARACTERS) {
      throw new SeedError('unreachable', `the server sent a line of over ${LINE_LIMIT_CHARACTERS} characters`);
    }
    for (const line of lines) if (line.trim() !== '') yield line;
  }
  if (rest.trim() !== '') yield rest;
}

/** Drains `stream` for as long as it lasts; the returned function gives its last `maxBytes` bytes so far. */
export function textTail(stream: Readable, maxBytes: number): () => string {
  let tail = Buffer.alloc(0);
  stream.on('data', (chunk: Buffer) => {
    tail = Buffer.concat([tail, chunk]).subarray(-maxBytes);
  });
  // A broken pipe here only means that the process is gone; its exit tells.
  stream.on('error', () => {});
  return () => tail.toString('utf8').trim();
}
