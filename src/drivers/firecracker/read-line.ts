// Reads one line from a socket and leaves what follows it in the socket. Used for vsock's handshake and control lines.
import type { Socket } from 'node:net';

/**
 * Without its line feed. Rejects when the socket ends or breaks first, when the line is longer than `maxBytes`, or when
 * `signal` aborts.
 */
export async function readLine(socket: Socket, maxBytes: number, signal: AbortSignal): Promise<string> {
  let text = Buffer.alloc(0);
  for (;;) {
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) {
      await readable(socket, signal);
      continue;
    }
    text = Buffer.concat([text, chunk]);
    const end = text.indexOf(0x0a);
    if (end >= 0) {
      socket.unshift(text.subarray(end + 1));
      return text.subarray(0, end).toString('utf8');
    }
    if (text.length > maxBytes) throw new Error(`a line of more than ${maxBytes} bytes came`);
  }
}

/** Resolves when there is something to read; rejects when nothing will come. */
function readable(socket: Socket, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: Error) => {
      socket.off('readable', onReadable).off('end', onEnd).off('close', onEnd).off('error', settle);
      signal.removeEventListener('abort', onAbort);
      if (error) reject(error);
      else resolve();
    };
    const onReadable = () => settle();
    const onEnd = () => settle(new Error('the connection was closed'));
    const onAbort = () => settle(new Error('no answer in time'));
    if (signal.aborted) return onAbort();
    if (socket.destroyed || socket.readableEnded) return onEnd();
    socket.on('readable', onReadable).once('end', onEnd).once('close', onEnd).once('error', settle);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
