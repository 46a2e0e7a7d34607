// The bounded end of a text stream: diagnostics of a child process that must be read but never kept whole.
import type { Readable } from 'node:stream';

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
