// Reads a socket line by line, for a machine's control port and QEMU's own protocol.
import type { Readable } from 'node:stream';

/** Far above what either says; a machine whose control port says more is not ours. */
const LINE_BYTES = 65_536;

/** Calls `onLine` for each line, without its end. A line that is too long is the last: nothing more is read. */
export function readLines(source: Readable, onLine: (line: string) => void): void {
  let pending = '';
  source.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (pending + chunk).split('\n');
    pending = lines.pop() ?? '';
    for (const line of lines) onLine(line);
    if (pending.length > LINE_BYTES) source.pause();
  });
}
