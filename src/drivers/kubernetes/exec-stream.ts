// A command in a container as a byte stream: Kubernetes' remote command protocol over WebSocket. Each message
// begins with its channel: 0 to the command, 1 from it, 2 its complaints, 3 how it ended; in v5 [255, 0] is the
// end of its input, which v4 cannot tell. Used by the client's exec.
import { Duplex } from 'node:stream';
import { type RawData, WebSocket } from 'ws';
import { isRecord, parseJson } from '../../lib/json.ts';
import { readWithin } from '../../lib/read-stream.ts';
import { SeedError } from '../../protocol/errors.ts';
import { DETAIL_BYTES } from '../driver.ts';
import type { Credentials, Proof } from './credentials.ts';
import { type KubeStatus, refusal } from './status.ts';
import { urlOf } from './transport.ts';

const PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];
const CHANNEL = { input: 0, output: 1, complaints: 2, status: 3, close: 255 } as const;
const HANDSHAKE_MS = 15_000;
/** As kubectl cuts them. */
const MESSAGE_BYTES = 32 * 1024;
/** Of one from the server, which sends some ten KiB at a time. */
const MOST_MESSAGE_BYTES = 1024 * 1024;
const REFUSAL_BYTES = 64 * 1024;
const PING_EVERY_MS = 8_000;
const SILENCE_MS = 25_000;

export interface ExecOptions {
  container: string;
  command: string[];
  /** Ends the stream, at any time. */
  signal?: AbortSignal;
  /** After how long without a word of the server the connection counts as lost; missing: 25 s. */
  silenceMs?: number;
}

/**
 * What is written is the command's input, what is read its output, byte by byte. `end()` ends the input; by v4,
 * which cannot say so, only the command's own end or `destroy` does. A lost connection destroys it with
 * `unreachable`, also one that has been silent for 25 s, which a command that takes no input for so long brings
 * about, too. A command that fails ends it like any other: see `exit`.
 */
export interface ExecStream extends Duplex {
  /** Whether `end()` reaches the command. */
  readonly canEnd: boolean;
  /**
   * Resolves with the stream's end; never rejects. 0 is the server's word that it knows of no failure, and proves
   * nothing: it says so also when the kubelet was restarted. Null: not known.
   */
  readonly exit: Promise<number | null>;
  /** The end of what the command has said on standard error so far, at most 2 KiB. */
  stderr(): string;
}

/** @param path of the pod's exec. Resolves when the server has taken it, which may be before the command runs. */
export async function openExec(credentials: Credentials, path: string, options: ExecOptions): Promise<ExecStream> {
  const { container, command } = options;
  const url = new URL(urlOf(credentials.server, { path }).replace(/^https/, 'wss'));
  for (const [name, value] of Object.entries({ container, stdin: true, stdout: true, stderr: true, tty: false })) {
    url.searchParams.append(name, String(value));
  }
  for (const word of command) url.searchParams.append('command', word);
  const open = (proof: Proof) => connect(url, path, { credentials, proof, options });
  const proof = await credentials.read();
  try {
    return await open(proof);
  } catch (error) {
    // A token that was replaced after it was read.
    const now = await credentials.read();
    if ((error as SeedError).code !== 'not_authenticated' || now.token === proof.token) throw error;
    return open(now);
  }
}

interface Connect {
  credentials: Credentials;
  proof: Proof;
  options: ExecOptions;
}

function connect(url: URL, path: string, { credentials, proof, options }: Connect): Promise<ExecStream> {
  const asked = { verb: 'exec', path };
  const { ca, cert, key, token } = proof;
  const { serverName } = credentials;
  const { signal } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const socket = new WebSocket(url, PROTOCOLS, {
      ...{ ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }), rejectUnauthorized: true },
      ...(serverName && { servername: serverName }),
      ...(token && { headers: { authorization: `Bearer ${token}` } }),
      ...{ handshakeTimeout: HANDSHAKE_MS, maxPayload: MOST_MESSAGE_BYTES },
      ...{ perMessageDeflate: false, followRedirects: false, skipUTF8Validation: true },
    });
    const lost = (cause: Error) =>
      new SeedError(
        'unreachable',
        `The Kubernetes API at ${credentials.server} opened no exec: ${cause.message}`,
        {
          cause,
        },
      );
    const abort = () => socket.terminate();
    signal?.addEventListener('abort', abort, { once: true });
    socket.once('unexpected-response', (request, response) => {
      void readWithin(response, REFUSAL_BYTES)
        .then((bytes) => reject(refusal(response.statusCode ?? 0, bytes?.toString('utf8') ?? '', asked)))
        .catch((cause: Error) => reject(lost(cause)))
        .finally(() => request.destroy());
    });
    const failed = (cause: Error) => reject(signal?.aborted ? signal.reason : lost(cause));
    socket.on('error', failed);
    socket.once('open', () => {
      signal?.removeEventListener('abort', abort);
      socket.off('error', failed);
      resolve(new WebSocketExec(socket, path, options));
    });
  });
}

class WebSocketExec extends Duplex implements ExecStream {
  readonly canEnd: boolean;
  readonly exit: Promise<number | null>;
  readonly #socket: WebSocket;
  readonly #path: string;
  #complaints = Buffer.alloc(0);
  #status: KubeStatus | null = null;
  #heardAt = performance.now();

  constructor(socket: WebSocket, path: string, { signal, silenceMs = SILENCE_MS }: ExecOptions) {
    // What has ended takes no more input.
    super({ allowHalfOpen: false });
    this.#socket = socket;
    this.#path = path;
    this.canEnd = socket.protocol === PROTOCOLS[0];
    const { promise, resolve } = Promise.withResolvers<number | null>();
    this.exit = promise;
    const heard = () => {
      this.#heardAt = performance.now();
    };
    socket.on('message', (message: RawData, isBinary) => {
      heard();
      // `nodebuffer` is the default: one buffer a message.
      if (isBinary) this.#take(message as Buffer);
      else this.destroy(this.#broken('it sent text'));
    });
    socket.on('pong', heard).on('ping', heard);
    socket.on('error', (error) => this.destroy(this.#broken(error.message)));
    const settle = () => resolve(this.#status && exitCode(this.#status));
    socket.on('close', (code, reason) => {
      settle();
      this.#ended(`${code} ${reason.toString('utf8')}`.trim());
    });
    const watchdog = setInterval(() => this.#check(silenceMs), Math.min(PING_EVERY_MS, silenceMs / 3)).unref();
    const abort = () => void this.destroy(signal?.reason);
    if (signal?.aborted) abort();
    signal?.addEventListener('abort', abort, { once: true });
    this.once('close', () => {
      clearInterval(watchdog);
      signal?.removeEventListener('abort', abort);
      settle();
    });
  }

  stderr(): string {
    return this.#complaints.toString('utf8').trim();
  }

  #take(message: Buffer): void {
    const content = message.subarray(1);
    if (message[0] === CHANNEL.output) {
      if (content.length > 0 && !this.push(content)) this.#socket.pause();
    } else if (message[0] === CHANNEL.complaints) {
      this.#complaints = Buffer.concat([this.#complaints, content]).subarray(-DETAIL_BYTES);
    } else if (message[0] === CHANNEL.status) {
      // An empty one only opens the channel.
      if (content.length > 0) this.#status = endOf(content);
    } else if (message[0] !== CHANNEL.close) {
      this.destroy(this.#broken(`it sent on channel ${message[0]}`));
    }
  }

  /** The connection is closed. Without a word on how the command ended, nobody knows whether it has. */
  #ended(why: string): void {
    if (this.destroyed) return;
    if (this.#status === null) this.destroy(this.#broken(`the connection was closed (${why})`));
    else if (exitCode(this.#status) === null) {
      this.destroy(refusal(this.#status.code ?? 500, JSON.stringify(this.#status), this.#asked()));
    } else this.push(null);
  }

  /** What this side does not read cannot be heard either; it is asked again once it reads on. */
  #check(silenceMs: number): void {
    const { readyState, isPaused } = this.#socket;
    if (isPaused) this.#heardAt = performance.now();
    const silentMs = performance.now() - this.#heardAt;
    if (silentMs > silenceMs) this.destroy(this.#broken(`nothing was heard for ${Math.round(silentMs / 1000)} s`));
    else if (readyState === WebSocket.OPEN) this.#socket.ping();
  }

  #asked() {
    return { verb: 'exec', path: this.#path };
  }

  #broken(why: string): SeedError {
    return new SeedError('unreachable', `The exec ${this.#path} of the Kubernetes API broke off: ${why}`);
  }

  override _read(): void {
    if (!this.#socket.isPaused) return;
    this.#heardAt = performance.now();
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const settle = (error?: Error | null) => done(error ? this.#broken(error.message) : null);
    // What comes too late for the command is dropped: its output is still to be read.
    if (this.#status !== null || chunk.length === 0) return void done();
    for (let at = 0; at < chunk.length; at += MESSAGE_BYTES) {
      const content = chunk.subarray(at, at + MESSAGE_BYTES);
      const isLast = at + MESSAGE_BYTES >= chunk.length;
      const message = Buffer.allocUnsafe(content.length + 1);
      message[0] = CHANNEL.input;
      message.set(content, 1);
      this.#socket.send(message, { binary: true }, isLast ? settle : undefined);
    }
  }

  override _final(done: (error?: Error | null) => void): void {
    if (!this.canEnd || this.#socket.readyState !== WebSocket.OPEN) done();
    else this.#socket.send(Buffer.from([CHANNEL.close, CHANNEL.input]), { binary: true }, () => done());
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.terminate();
    done(error);
  }
}

/** The last word of the server, which leaves out the kind; null for what is none. */
function endOf(content: Buffer): KubeStatus | null {
  const said = parseJson(content.toString('utf8'));
  return isRecord(said) && 'status' in said ? { ...said, kind: 'Status' } : null;
}

/** Null: it says nothing of the command's end, such as that the command could not be started. */
function exitCode({ status, reason, details }: KubeStatus): number | null {
  if (status === 'Success') return 0;
  if (reason !== 'NonZeroExitCode') return null;
  const code = Number(details?.causes?.find((cause) => cause.reason === 'ExitCode')?.message ?? Number.NaN);
  return Number.isInteger(code) ? code : null;
}
