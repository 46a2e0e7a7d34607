// The machine's vsock device, seen from the host: a Unix socket on which Firecracker takes "CONNECT <port>\n" and answers
// "OK <port>\n" (docs/vsock.md of Firecracker). Only the host connects: only listening sockets of the guest survive a
// snapshot, and so the host listens nowhere that a guest could reach.
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { SeedError } from '../../protocol/errors.ts';
import { readLine } from './read-line.ts';

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
