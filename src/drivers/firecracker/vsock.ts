// The machine's vsock device, seen from the host: a Unix socket on which Firecracker takes "CONNECT <port>\n" and
// answers "OK <port>\n" (docs/vsock.md of Firecracker). Only the host connects: only listening sockets of the
// guest survive a snapshot, and so the host listens nowhere that a guest could reach.
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { SeedError } from '../../protocol/errors.ts';
import { patient } from '../patience.ts';

/** Ports of vsock-bridge.py. */
export const STREAM_PORT = 1024;
export const CONTROL_PORT = 1025;

const RETRY_MS = 10;
const ANSWER_BYTES = 32;

/**
 * A connection to the guest's port, positioned at its first byte. Tries again while the guest does not listen.
 * Throws SeedError `sandbox_failed` when `signal` aborts.
 */
export async function connectGuest(socketPath: string, port: number, signal: AbortSignal): Promise<Socket> {
  for (let why: unknown; ; ) {
    if (signal.aborted) {
      throw new SeedError('sandbox_failed', `The guest takes no connection to port ${port}.`, {
        cause: why ?? signal.reason,
      });
    }
    const socket = connect({ path: socketPath });
    // The end of the machine breaks it; that has its own announcement.
    socket.on('error', () => {});
    try {
      socket.write(`CONNECT ${port}\n`);
      const answer = await readLine(socket, ANSWER_BYTES, signal);
      if (/^OK \d+$/.test(answer)) return socket;
      why = new Error(`Firecracker answered ${JSON.stringify(answer)}`);
    } catch (error) {
      why = error;
    }
    socket.destroy();
    await sleep(RETRY_MS);
  }
}

/** How long a reader may take nothing of what is left to be read. */
const UNREAD_MS = 2_000;

/** Counts the guest's bytes that are taken from the socket from now on, also by what reads its handle (http2). */
export function countTaken(socket: Socket): () => number {
  const taken = () => socket.bytesRead - socket.readableLength;
  const before = taken();
  return () => taken() - before;
}

/**
 * Resolves when so many are taken, or when nobody takes them any more. Firecracker passes on no end of a guest's
 * output: a guest says how much it was, and what Firecracker still holds of it is lost with the machine.
 */
export async function untilTaken(socket: Socket, taken: () => number, bytes: number): Promise<void> {
  for (let seen = taken(), since = performance.now(); taken() < bytes && !socket.destroyed; ) {
    if (taken() !== seen) [seen, since] = [taken(), performance.now()];
    if (performance.now() - since > patient(UNREAD_MS)) return;
    // A socket tells no one when something is taken from it.
    await sleep(RETRY_MS);
  }
}

/** Without its line feed. Rejects when the socket ends first, with a line over `maxBytes`, or on the abort. */
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
