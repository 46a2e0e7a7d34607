// A program in a sandbox as a byte stream: what is written is its input, what is read its output. Used by the
// driver for the bridge to the guest, and for short programs of its own.
import { Duplex } from 'node:stream';
import { readWithin } from '../../lib/read-stream.ts';
import { SeedError } from '../../protocol/errors.ts';
import { DETAIL_BYTES } from '../driver.ts';
import { mayPass } from '../remote/asked-again.ts';
import type { Envd, ProcessEvent } from './envd.ts';
import { type Input, openInput } from './process-input.ts';
import type { InputMode } from './settings.ts';

const BEGINS_WITHIN_MS = 20_000;
/** envd says something every ten seconds. */
const SILENCE_MS = 25_000;
const OUTPUT_BYTES = 1024 * 1024;
/** A program that takes no more input has ended, or ends: the word of it comes by another connection. */
const END_WITHIN_MS = 5_000;

export interface ProcessStream extends Duplex {
  readonly pid: number;
  /** How it ended; null when nobody knows, as the connection was lost. Never rejects. */
  readonly exit: Promise<number | null>;
  /** The end of what it has said on standard error so far, at most 2 KiB. */
  stderr(): string;
  /** Closes the stream; the program goes on. */
  leave(): void;
}

export interface ProcessOptions {
  command: readonly string[];
  input?: InputMode;
  /** Ends the stream, at any time. */
  signal?: AbortSignal;
}

/**
 * Resolves when the program runs. A lost connection destroys the stream with `unreachable`; whoever destroys
 * it has the program killed, as it would live on otherwise. @throws SeedError
 */
export async function openProcess(envd: Envd, options: ProcessOptions): Promise<ProcessStream> {
  const leaving = new AbortController();
  const late = setTimeout(() => leaving.abort(), BEGINS_WITHIN_MS);
  const leave = () => leaving.abort();
  options.signal?.addEventListener('abort', leave, { once: true });
  try {
    options.signal?.throwIfAborted();
    const program = { command: options.command, hasInput: options.input !== undefined };
    const events = await envd.start(program, { signal: leaving.signal, silenceMs: SILENCE_MS });
    const reader = events[Symbol.asyncIterator]();
    const first = await reader.next();
    const pid = first.done ? undefined : first.value.start?.pid;
    if (pid === undefined) throw new SeedError('unreachable', 'a program in the sandbox was not started');
    const input = options.input && openInput(envd, pid, options.input);
    const stream = new EnvdProcess({ envd, pid, reader, leaving, input });
    options.signal?.addEventListener('abort', () => stream.destroy(), { once: true });
    return stream;
  } catch (error) {
    leaving.abort();
    throw error;
  } finally {
    clearTimeout(late);
    options.signal?.removeEventListener('abort', leave);
  }
}

/**
 * A program to its end, with its exit code and all that it has said.
 * @throws SeedError sandbox_failed when it says too much or takes too long; `unreachable`
 */
export async function runToEnd(
  envd: Envd,
  command: readonly string[],
  { timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal },
): Promise<{ code: number; stdout: string; stderr: string }> {
  const late = AbortSignal.timeout(timeoutMs);
  const failed = (why: string, cause?: unknown) =>
    new SeedError('sandbox_failed', `a program in the sandbox ${why}`, { cause });
  try {
    const limits = AbortSignal.any(signal ? [late, signal] : [late]);
    const stream = await openProcess(envd, { command, signal: limits });
    const said = await readWithin(stream, OUTPUT_BYTES);
    if (said === null) throw failed('says too much');
    const code = await stream.exit;
    if (code === null) throw failed('was killed');
    return { code, stdout: said.toString('utf8'), stderr: stream.stderr() };
  } catch (error) {
    if (late.aborted) throw failed(`took longer than ${timeoutMs / 1000} s`, error);
    throw error;
  }
}

interface Parts {
  envd: Envd;
  pid: number;
  reader: AsyncIterator<ProcessEvent>;
  leaving: AbortController;
  input: Input | undefined;
}

class EnvdProcess extends Duplex implements ProcessStream {
  readonly pid: number;
  readonly exit: Promise<number | null>;
  readonly #parts: Parts;
  readonly #settle: (code: number | null) => void;
  #complaints = Buffer.alloc(0);
  #isOver = false;
  #takesInput: boolean;
  #late: NodeJS.Timeout | undefined;
  #wanted = Promise.withResolvers<void>();

  constructor(parts: Parts) {
    // What has ended takes no more input.
    super({ allowHalfOpen: parts.input === undefined });
    this.#parts = parts;
    this.pid = parts.pid;
    this.#takesInput = parts.input !== undefined;
    const { promise, resolve } = Promise.withResolvers<number | null>();
    this.exit = promise;
    this.#settle = resolve;
    // Nobody else has to listen: its end tells.
    this.on('error', () => undefined);
    parts.input?.failed.catch((error: Error) => this.#inputFailed(error));
    void this.#follow().catch((error: Error) => this.#fail(error));
  }

  stderr(): string {
    return this.#complaints.toString('utf8').trim();
  }

  leave(): void {
    this.#isOver = true;
    this.destroy();
  }

  async #follow(): Promise<void> {
    for (;;) {
      const { done, value } = await this.#parts.reader.next();
      if (done) throw new SeedError('unreachable', 'a program in the sandbox was left without a word on its end');
      const { stdout, stderr } = value.data ?? {};
      if (stderr) this.#complaints = Buffer.concat([this.#complaints, stderr]).subarray(-DETAIL_BYTES);
      if (stdout && stdout.length > 0 && !this.push(stdout)) {
        await this.#wanted.promise;
        this.#wanted = Promise.withResolvers();
      }
      if (value.end) {
        this.#isOver = true;
        this.#settle(value.end.exited ? value.end.exitCode : null);
        this.push(null);
        return;
      }
    }
  }

  #fail(error: Error): void {
    if (!this.#isOver) this.destroy(error);
  }

  /** Refused by envd, and not lost on its way: what the program has said is still to be read. */
  #inputFailed(error: Error): void {
    this.#takesInput = false;
    if (mayPass(error)) this.#fail(error);
    else this.#late ??= setTimeout(() => this.#fail(error), END_WITHIN_MS).unref();
  }

  override _read(): void {
    this.#wanted.resolve();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#write(chunk, done);
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#write(Buffer.concat(chunks.map(({ chunk }) => chunk)), done);
  }

  #write(bytes: Buffer, done: (error?: Error | null) => void): void {
    // What comes too late for the program is dropped: its output is still to be read.
    this.#give((input) => input.write(bytes), done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#give((input) => input.end(), done);
  }

  #give(give: (input: Input) => Promise<void>, done: (error?: Error | null) => void): void {
    const { input } = this.#parts;
    if (this.#isOver || !this.#takesInput || input === undefined) return void done();
    give(input).then(
      () => done(),
      (error: Error) => {
        this.#inputFailed(error);
        done();
      },
    );
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const { envd, pid, leaving, input } = this.#parts;
    this.#wanted.resolve();
    this.#settle(null);
    clearTimeout(this.#late);
    input?.stop();
    leaving.abort();
    // Where it cannot be told, what takes its place at the guest ends it, or the end of the sandbox does.
    if (!this.#isOver) envd.kill(pid).catch(() => undefined);
    done(error);
  }
}
