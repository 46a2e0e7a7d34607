// A command in a container as a byte stream: Kubernetes' remote command protocol over WebSocket. Each message
// begins with its channel: 0 to the command, 1 from it, 2 its complaints, 3 how it ended; in v5 [255, 0] is the
// end of its input, which v4 cannot tell. Used by the client's exec.
import type { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import { isRecord, parseJson } from '../../lib/json.ts';
import { SeedError } from '../../protocol/errors.ts';
import { DETAIL_BYTES } from '../driver.ts';
import { openSocket, SocketStream } from '../remote/socket-stream.ts';
import type { Credentials, Proof } from './credentials.ts';
import { type KubeStatus, refusal } from './status.ts';
import { urlOf } from './transport.ts';

const PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];
const CHANNEL = { input: 0, output: 1, complaints: 2, status: 3, close: 255 } as const;

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

async function connect(url: URL, path: string, { credentials, proof, options }: Connect): Promise<ExecStream> {
  const asked = { verb: 'exec', path };
  const { ca, cert, key, token } = proof;
  const { serverName } = credentials;
  const socket = await openSocket({
    ...{ url, protocols: PROTOCOLS, signal: options.signal },
    options: {
      ...{ ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }), rejectUnauthorized: true },
      ...(serverName && { servername: serverName }),
      ...(token && { headers: { authorization: `Bearer ${token}` } }),
    },
    refused: (status, body) => refusal(status, body, asked),
    lost(cause) {
      const what = `The Kubernetes API at ${credentials.server} opened no exec: ${cause.message}`;
      return new SeedError('unreachable', what, { cause });
    },
  });
  return new WebSocketExec(socket, path, options);
}

class WebSocketExec extends SocketStream implements ExecStream {
  readonly canEnd: boolean;
  readonly exit: Promise<number | null>;
  readonly #path: string;
  #complaints = Buffer.alloc(0);
  #status: KubeStatus | null = null;

  constructor(socket: WebSocket, path: string, options: ExecOptions) {
    super(socket, options);
    this.#path = path;
    this.canEnd = socket.protocol === PROTOCOLS[0];
    const { promise, resolve } = Promise.withResolvers<number | null>();
    this.exit = promise;
    const settle = () => resolve(this.#status && exitCode(this.#status));
    socket.once('close', settle);
    this.once('close', settle);
  }

  stderr(): string {
    return this.#complaints.toString('utf8').trim();
  }

  protected override onMessage(message: Buffer, isBinary: boolean): void {
    if (!isBinary) return void this.destroy(this.broken('it sent text'));
    const content = message.subarray(1);
    if (message[0] === CHANNEL.output) this.give(content);
    else if (message[0] === CHANNEL.complaints) {
      this.#complaints = Buffer.concat([this.#complaints, content]).subarray(-DETAIL_BYTES);
    } else if (message[0] === CHANNEL.status) {
      // An empty one only opens the channel.
      if (content.length > 0) this.#status = endOf(content);
    } else if (message[0] !== CHANNEL.close) {
      this.destroy(this.broken(`it sent on channel ${message[0]}`));
    }
  }

  /** Without a word on how the command ended, nobody knows whether it has. */
  protected override ended(why: string): void {
    if (this.#status === null) this.destroy(this.broken(`the connection was closed (${why})`));
    else if (exitCode(this.#status) === null) {
      const asked = { verb: 'exec', path: this.#path };
      this.destroy(refusal(this.#status.code ?? 500, JSON.stringify(this.#status), asked));
    } else this.push(null);
  }

  protected override broken(why: string): SeedError {
    return new SeedError('unreachable', `The exec ${this.#path} of the Kubernetes API broke off: ${why}`);
  }

  protected override frame(content: Buffer): Buffer {
    const message = Buffer.allocUnsafe(content.length + 1);
    message[0] = CHANNEL.input;
    message.set(content, 1);
    return message;
  }

  protected override isTooLate(): boolean {
    return this.#status !== null;
  }

  override _final(done: (error?: Error | null) => void): void {
    if (!this.canEnd || this.socket.readyState !== WebSocket.OPEN) done();
    else this.socket.send(Buffer.from([CHANNEL.close, CHANNEL.input]), { binary: true }, () => done());
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
