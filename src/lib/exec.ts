// Runs a program of the host to its end and gives its output. Used by set-up and the drivers.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { SeedError } from '../protocol/errors.ts';
import { textTail } from './read-stream.ts';

const STDERR_TAIL_BYTES = 4096;

interface ExecOptions {
  cwd?: string;
  /** Replaces the whole environment; default: this process's own. */
  env?: Record<string, string>;
  /** The program is killed after this time; default: no limit. */
  timeoutMs?: number;
  /** What to do when it fails, told to the user as the error's hint. */
  hint?: string;
}

/** What `command` prints. Throws SeedError `setup_failed` when it cannot be run, fails or takes too long. */
export async function exec(command: string, args: readonly string[], options: ExecOptions = {}): Promise<string> {
  const { timeoutMs, hint, ...rest } = options;
  const limit = timeoutMs === undefined ? {} : { timeout: timeoutMs, killSignal: 'SIGKILL' as const };
  const child = spawn(command, args, { ...rest, ...limit, stdio: ['ignore', 'pipe', 'pipe'] });
  // Before its streams are touched: without a file descriptor for them there are none, and only its error tells.
  const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  const output: Buffer[] = [];
  let stderr = () => '';
  if (child.pid !== undefined) {
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
    stderr = textTail(child.stderr, STDERR_TAIL_BYTES);
  }
  const [code, signal] = await closed.catch((cause: Error) => {
    throw failure(command, `cannot be run: ${cause.message}`, hint ?? `Install ${command}.`, cause);
  });
  if (code !== 0) {
    const how = signal ? `was killed by ${signal}` : `ended with code ${code}`;
    throw failure(command, [how, stderr()].filter(Boolean).join(': '), hint);
  }
  return Buffer.concat(output).toString('utf8');
}

function failure(command: string, what: string, hint?: string, cause?: unknown): SeedError {
  return new SeedError('setup_failed', `${command} ${what}`, { ...(hint && { hint }), cause });
}
