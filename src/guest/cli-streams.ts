// The standard streams of one call within a process that runs the CLI: frames instead of file descriptors.
// Used by cli-call.ts.
import { Readable, Writable } from 'node:stream';
import { getSystemErrorName } from 'node:util';
import { PIECE_BYTES } from './cli-frames.ts';

interface Terminal {
  isTerminal: boolean;
  columns: number;
}

/** Sends a frame and comes back when it is written: output is never lost by a process that ends. */
export type Send = (type: string, body?: Uint8Array) => void;

/** Keeps the process alive while something is waited for, or lets it end. */
export type Hold = (held: boolean) => void;

export class CallOutput extends Writable {
  readonly fd: number;
  readonly isTTY?: true;
  readonly columns?: number;
  readonly #type: string;
  readonly #send: Send;

  constructor(fd: 1 | 2, { isTerminal, columns }: Terminal, send: Send) {
    super({ decodeStrings: true });
    this.fd = fd;
    this.#type = fd === 1 ? 'O' : 'E';
    this.#send = send;
    if (!isTerminal) return;
    this.isTTY = true;
    this.columns = columns;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    for (let start = 0; start < chunk.length; start += PIECE_BYTES)
      this.#send(this.#type, chunk.subarray(start, start + PIECE_BYTES));
    done();
  }

  /** As of a descriptor that nothing can be written to any more. Throws when nobody listens. */
  breakOff(errno: number): void {
    const code = getSystemErrorName(-errno);
    this.emit('error', Object.assign(new Error(`write ${code}`), { code, errno: -errno, syscall: 'write' }));
  }

  /** A process's own streams stay open, too. */
  override _destroy(_error: Error | null, done: () => void): void {
    done();
  }
}

/** Reads nothing of the caller's input before somebody wants it. */
export class CallInput extends Readable {
  readonly fd = 0;
  readonly isTTY?: true;
  isRaw = false;
  readonly #send: Send;
  readonly #hold: Hold;
  #isAwaited = false;

  constructor({ isTerminal }: Terminal, send: Send, hold: Hold) {
    super({ highWaterMark: PIECE_BYTES });
    this.#send = send;
    this.#hold = hold;
    if (isTerminal) this.isTTY = true;
    // One that is paused keeps no process alive.
    this.on('pause', () => this.#hold(false));
    this.on('resume', () => this.#hold(this.#isAwaited));
  }

  override _read(): void {
    if (this.#isAwaited) return;
    this.#isAwaited = true;
    this.#hold(true);
    this.#send('R');
  }

  /** What came of it; nothing at its end. */
  receive(body: Buffer): void {
    this.#isAwaited = false;
    this.#hold(false);
    this.push(body.length === 0 ? null : Buffer.from(body));
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#hold(false);
    done(error);
  }

  setRawMode(isRaw: boolean): this {
    this.isRaw = isRaw;
    this.#send('T', Buffer.from(isRaw ? '1' : '0'));
    return this;
  }

  ref(): this {
    this.#hold(this.#isAwaited);
    return this;
  }

  unref(): this {
    this.#hold(false);
    return this;
  }
}
