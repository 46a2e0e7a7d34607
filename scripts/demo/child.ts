// Programs of Seed's own beside the demo. What they say on standard error goes to this terminal.
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { basename } from 'node:path';
import { ownProgram } from '../../src/lib/own-files.ts';
import { SeedError } from '../../src/protocol/errors.ts';

const READY_MS = 120_000;
const STOP_MS = 30_000;

/** Of ours, and what is given. */
const environment = (env: NodeJS.ProcessEnv) => ({
  PATH: process.env['PATH'],
  NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
  ...env,
});
const failed = (file: string, how: string) =>
  new SeedError('setup_failed', `${basename(file)} ${how}; what it said stands above`);

interface Program {
  /** Such as scripts/setup-sandbox-snapshot.ts. */
  file: string;
  args?: readonly string[];
  env: NodeJS.ProcessEnv;
  /** Ends it. */
  leaving: AbortSignal;
}

/** @returns what it has said, once it has ended well. @throws SeedError setup_failed */
export async function runProgram({ file, args = [], env, leaving: signal }: Program): Promise<string> {
  const child = spawn(process.execPath, [ownProgram(file), ...args], {
    ...{ stdio: ['ignore', 'pipe', 'inherit'], signal, env: environment(env) },
  });
  // Told at once where it is ended by the signal: nobody else is to hear of that.
  const ended = once(child, 'close').catch(() => [null]);
  const said = await child.stdout.setEncoding('utf8').toArray();
  const [code] = await ended;
  if (code !== 0) throw failed(file, `ended with ${code}`);
  return said.join('');
}

/** Once it says that it is ready; ended by `stop`. @throws SeedError setup_failed */
export async function startProgram({ file, env, leaving }: Program, undo: AsyncDisposableStack): Promise<void> {
  // Detached: what Ctrl-C ends, and in which order, the demo says.
  const child = fork(ownProgram(file), { detached: true, env: environment(env) });
  const exited = once(child, 'exit') as Promise<[number | null]>;
  undo.defer(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    if (child.connected) child.disconnect();
    const killing = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await exited;
    clearTimeout(killing);
  });
  const late = AbortSignal.any([AbortSignal.timeout(READY_MS), leaving]);
  const isReady = once(child, 'message', { signal: late }).then(
    () => true,
    () => false,
  );
  if (!(await Promise.race([isReady, exited.then(() => false)]))) throw failed(file, 'is not ready');
}
