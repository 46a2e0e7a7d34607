// A byte stream over a WebSocket whose other end may be long gone: what both a cluster's exec and a vendor's
// terminal are. Used by kubernetes/exec-stream.ts and by vendors' drivers.
import { Duplex } from 'node:stream';
import { type ClientOptions, type RawData, WebSocket } from 'ws';
import { readWithin } from '../../lib/read-stream.ts';
import type { SeedError } from '../../protocol/errors.ts';

const HANDSHAKE_MS = 15_000;
/** As kubectl cuts them. */
const MESSAGE_BYTES = 32 * 1024;
/** Of one from the server, which sends some ten KiB at a time. */
const MOST_MESSAGE_BYTES = 1024 * 1024;
const REFUSAL_BYTES = 64 * 1024;
const PING_EVERY_MS = 8_000;
const SILENCE_MS = 25_000;

export interface SocketAddress {
  url: URL;
  protocols?: string[];
  options?: ClientOptions;
  signal?: AbortSignal | undefined;
  /** What an answer that opens nothing means. */
  refused(status: number, body: string, retryAfter: string | undefined): SeedError;
  /** There was no answer. */
  lost(cause: Error): SeedError;
}

/** Resolves when it is open. @throws SeedError what `refused` and `lost` make of it */
export function openSocket({ url, protocols = [], options, signal, refused, lost }: SocketAddress) {
  return new Promise<WebSocket>((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const socket = new WebSocket(url, protocols, {
      ...{ handshakeTimeout: HANDSHAKE_MS, maxPayload: MOST_MESSAGE_BYTES },
      ...{ perMessageDeflate: false, followRedirects: false, skipUTF8Validation: true },
      ...options,
    });
    const abort = () => socket.terminate();
    signal?.addEventListener('abort', abort, { once: true });
    socket.once('unexpected-response', (request, response) => {
      const { statusCode = 0, headers } = response;
      void readWithin(response, REFUSAL_BYTES)
        .then((bytes) => reject(refused(statusCode, bytes?.toString('utf8') ?? '', headers['retry-after'])))
        .catch((cause: Error) => reject(lost(cause)))
        .finally(() => request.destroy());
    });
    const failed = (cause: Error) => reject(signal?.aborted ? signal.reason : lost(cause));
    socket.on('error', failed);
    socket.once('open', () => {
      signal?.removeEventListener('abort', abort);
      socket.off('error', failed);
      resolve(socket);
    });
  });
}

export interface SocketStreamOptions {
  /** Ends the stream, at any time. */
  signal?: AbortSignal | undefined;
  /** After how long without a word of the server the connection counts as lost; missing: 25 s. */
  silenceMs?: number | undefined;
}

export abstract class SocketStream extends Duplex {
  protected readonly socket: WebSocket;
  #heardAt = performance.now();

  constructor(socket: WebSocket, { signal, silenceMs = SILENCE_MS }: SocketStreamOptions) {
    // What has ended takes no more input.
    super({ allowHalfOpen: false });
    this.socket = socket;
    const heard = () => {
      this.#heardAt = performance.now();
    };
    socket.on('message', (message: RawData, isBinary) => {
      heard();
      // `nodebuffer` is the default: one buffer a message.
      this.onMessage(message as Buffer, isBinary);
    });
    socket.on('pong', heard).on('ping', heard);
    socket.on('error', (error) => this.destroy(this.broken(error.message)));
    socket.on('close', (code, reason) => {
      if (!this.destroyed) this.ended(`${code} ${reason.toString('utf8')}`.trim());
    });
    const watchdog = setInterval(() => this.#check(silenceMs), Math.min(PING_EVERY_MS, silenceMs / 3)).unref();
    const abort = () => void this.destroy(signal?.reason);
    if (signal?.aborted) abort();
    signal?.addEventListener('abort', abort, { once: true });
    this.once('close', () => {
      clearInterval(watchdog);
      signal?.removeEventListener('abort', abort);
    });
  }

  /** A message of the server. */
  protected abstract onMessage(message: Buffer, isBinary: boolean): void;
  /** The connection is closed, though the stream is not destroyed. */
  protected abstract ended(why: string): void;
  protected abstract broken(why: string): SeedError;
  /** The message for what is written. */
  protected abstract frame(content: Buffer): Buffer;
  /** Nothing that is written now reaches anybody: it is dropped, as output is still to be read. */
  protected abstract isTooLate(): boolean;

  /** What is to be read. */
  protected give(content: Buffer): void {
    if (content.length > 0 && !this.push(content)) this.socket.pause();
  }

  /** What this side does not read cannot be heard either; it is asked again once it reads on. */
  #check(silenceMs: number): void {
    const { readyState, isPaused } = this.socket;
    if (isPaused) this.#heardAt = performance.now();
    const silentMs = performance.now() - this.#heardAt;
    if (silentMs > silenceMs) this.destroy(this.broken(`nothing was heard for ${Math.round(silentMs / 1000)} s`));
    else if (readyState === WebSocket.OPEN) this.socket.ping();
  }

  override _read(): void {
    if (!this.socket.isPaused) return;
    this.#heardAt = performance.now();
    this.socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const settle = (error?: Error | null) => done(error ? this.broken(error.message) : null);
    if (this.isTooLate() || chunk.length === 0) return void done();
    for (let at = 0; at < chunk.length; at += MESSAGE_BYTES) {
      const message = this.frame(chunk.subarray(at, at + MESSAGE_BYTES));
      this.socket.send(message, { binary: true }, at + MESSAGE_BYTES >= chunk.length ? settle : undefined);
    }
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.socket.terminate();
    done(error);
  }
}
