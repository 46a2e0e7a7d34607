// Runs the CLI as this process. Called by the two entries: handed-out.ts and repository.ts.
import { systemClock } from '../lib/clock.ts';
import { env, envAfter, wholeEnvironment } from '../lib/env.ts';
import { loadChildProcess } from './builtin.ts';
import { EXIT, type Input, type Io, type Output, usageError } from './io.ts';
import { nodeRequest } from './request.ts';
import { type Form, runCli } from './run.ts';

/** @param how `isOneOfMany`: whether this process goes on to run others */
export async function main(form: Form, how: { isOneOfMany: boolean } = { isOneOfMany: false }): Promise<void> {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // `| head` has seen enough.
    if (error.code === 'EPIPE') process.exit(EXIT.ok);
    // A disk that is full, a file system that went away.
    process.stderr.write(`seed: the output cannot be written: ${error.message}\n`);
    process.exit(EXIT.error);
  });
  // Nobody is left to be told.
  process.stderr.on('error', () => process.exit(EXIT.error));
  process.exitCode = await runCli(process.argv.slice(2), form, systemIo(how));
}

function systemIo({ isOneOfMany }: { isOneOfMany: boolean }): Io {
  let stdout: Output | undefined;
  let stderr: Output | undefined;
  return {
    // Opened when first used: a stream costs time at the start.
    get stdin() {
      return input(process.stdin);
    },
    get stdout() {
      stdout ??= output(process.stdout);
      return stdout;
    },
    get stderr() {
      stderr ??= output(process.stderr);
      return stderr;
    },
    clock: systemClock,
    env,
    envAfter,
    request: nodeRequest({ keepsConnections: isOneOfMany }),
    showIn(command, text) {
      // less shows colours as they are, and ends by itself where all fits.
      const environment = { LESS: '-FRX', ...wholeEnvironment() };
      const { status } = loadChildProcess().spawnSync(command, {
        shell: true,
        input: text,
        stdio: ['pipe', 'inherit', 'inherit'],
        env: environment,
      });
      // The shell has found no such program.
      return status !== 126 && status !== 127;
    },
    wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    onInterrupt(handler) {
      process.once('SIGINT', handler);
      return () => process.removeListener('SIGINT', handler);
    },
  };
}

function output(stream: NodeJS.WriteStream): Output {
  return {
    isTerminal: stream.isTTY === true,
    // As they are now: windows change.
    get columns() {
      return stream.columns || 80;
    },
    get rows() {
      return stream.rows;
    },
    write: (content) => void stream.write(content),
  };
}

function input(stream: NodeJS.ReadStream): Input {
  return {
    isTerminal: stream.isTTY === true,
    async readAll(limitBytes) {
      const chunks: Buffer[] = [];
      let bytes = 0;
      for await (const chunk of stream) {
        chunks.push(chunk);
        bytes += chunk.length;
        if (bytes > limitBytes) throw usageError(`stdin is longer than ${limitBytes} bytes`);
      }
      return Buffer.concat(chunks).toString('utf8');
    },
    chunks: () => stream,
    // The terminal itself shows what is typed, and hands it over with Enter.
    readLine: (signal) => readTyped(stream, (line, finish) => finish(line.trim()), signal),
    readKey: (signal) => readKey(stream, signal),
    readSecret: (ask) => readSecret(stream, ask),
  };
}

type Finish = (typed: string | null) => void;

/** Hands what is typed to `take` until that finishes. Resolves with what it says; null when the input ends. */
function readTyped(
  stream: NodeJS.ReadStream,
  take: (text: string, finish: Finish) => void,
  signal?: AbortSignal,
): Promise<string | null> {
  return new Promise((resolve) => {
    const finish: Finish = (typed) => {
      stream.off('data', onData).off('end', onEnd).pause();
      signal?.removeEventListener('abort', onEnd);
      resolve(typed);
    };
    const onData = (chunk: Buffer) => take(chunk.toString('utf8'), finish);
    const onEnd = () => finish(null);
    stream.on('data', onData).once('end', onEnd).resume();
    if (signal?.aborted) onEnd();
    else signal?.addEventListener('abort', onEnd);
  });
}

const ENTER = ['\r', '\n'];
/** Ctrl-C and Ctrl-D. */
const GIVE_UP = ['\u0003', '\u0004'];
const BACKSPACE = ['\u0008', '\u007f'];
const SECRET_LIMIT_CHARACTERS = 4096;

/** Reads with the terminal in raw mode, so that nothing is echoed; always puts it back. */
function readSecret(stream: NodeJS.ReadStream, ask: () => void): Promise<string | null> {
  let typed = '';
  stream.setRawMode(true);
  ask();
  return readTyped(stream, (text, finish) => {
    for (const char of text) {
      if (ENTER.includes(char)) return finish(typed);
      if (GIVE_UP.includes(char)) return finish(null);
      if (BACKSPACE.includes(char)) typed = typed.slice(0, -1);
      else if (typed.length < SECRET_LIMIT_CHARACTERS) typed += char;
    }
  }).finally(() => stream.setRawMode(false));
}

/** What the terminal had kept comes at once; no person reads and answers within this time. */
const TYPED_BEFORE_MS = 300;

/** In raw mode; always puts the terminal back. */
function readKey(stream: NodeJS.ReadStream, signal: AbortSignal): Promise<string | null> {
  const askedAt = performance.now();
  stream.setRawMode(true);
  return readTyped(
    stream,
    (text, finish) => {
      if (GIVE_UP.some((key) => text.includes(key))) finish(null);
      else if (performance.now() - askedAt > TYPED_BEFORE_MS) finish(text);
    },
    signal,
  ).finally(() => stream.setRawMode(false));
}
