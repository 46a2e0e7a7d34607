// How the guest is reached: over its standard input and output, once; or on a socket, again and again, where a
// newer connection takes the place of the one before, whose other end may be long gone. Used by main.ts.
import { chmod, mkdir, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { Duplex, type Readable, type Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';

export interface Connection {
  input: Readable;
  output: Writable;
  /** For what follows the lines that were read. Its end is its close. */
  rest(): Duplex;
  drop(): void;
}

export interface Reach {
  /** Whether there can be another connection after the first. */
  readonly isLasting: boolean;
  /** The next one, once there is one; null when there is none within the time, or never will be. */
  next(withinMs?: number): Promise<Connection | null>;
}

/** Over this process's own input and output. */
export function overStdio(): Reach {
  const { stdin: input, stdout: output } = process;
  const rest = () => Duplex.from({ readable: input, writable: output });
  let only: Connection | null = { input, output, rest, drop: () => input.destroy() };
  return {
    isLasting: false,
    async next() {
      const connection = only;
      only = null;
      return connection;
    },
  };
}

/** On a Unix socket for its own user alone. Of connections that nobody has taken only the newest is kept. */
export async function onSocket(path: string): Promise<Reach> {
  await mkdir(dirname(path), { recursive: true });
  await rm(path, { force: true });
  let current: Socket | null = null;
  let isTaken = true;
  let arrived = Promise.withResolvers<void>();
  const server = createServer({ allowHalfOpen: false }, (socket) => {
    socket.on('error', () => undefined);
    current?.destroy();
    current = socket;
    isTaken = false;
    arrived.resolve();
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(path, resolve);
  });
  await chmod(path, 0o600);
  return {
    isLasting: true,
    async next(withinMs) {
      const late = new AbortController();
      const over =
        withinMs === undefined ? null : delay(withinMs, null, { signal: late.signal }).catch(() => null);
      while (isTaken || current === null) {
        arrived = Promise.withResolvers();
        const isOver = await Promise.race([arrived.promise, ...(over === null ? [] : [over])]);
        if (isOver === null) return null;
      }
      late.abort();
      isTaken = true;
      return connectionOver(current);
    },
  };
}

function connectionOver(socket: Socket): Connection {
  return { input: socket, output: socket, rest: () => endless(socket), drop: () => void socket.destroy() };
}

/**
 * The same stream, closed where it ends: Node's HTTP/2 session does not survive the end of a stream to which it is
 * writing, and half a connection is of no use to it.
 */
function endless(wire: Duplex): Duplex {
  const stream = new Duplex({
    read: () => void wire.resume(),
    write: (chunk: Buffer, encoding, done) => void wire.write(chunk, encoding, done),
    final: (done) => void wire.end(done),
    destroy(error, done) {
      wire.destroy();
      done(error);
    },
  });
  wire.on('data', (chunk: Buffer) => {
    if (!stream.push(chunk)) wire.pause();
  });
  for (const over of ['end', 'close']) wire.once(over, () => stream.destroy());
  if (wire.destroyed) stream.destroy();
  return stream;
}
