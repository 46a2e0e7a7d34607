// Runs a tool of this repository in the foreground; a failure ends the script with the tool's exit code.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

export async function run(command: string, args: readonly string[]): Promise<void> {
  const code = await exitCodeOf(command, args);
  if (code !== 0) process.exit(code);
}

/** The same, and what comes after it is run, too. */
export async function ranWell(command: string, args: readonly string[]): Promise<boolean> {
  return (await exitCodeOf(command, args)) === 0;
}

async function exitCodeOf(command: string, args: readonly string[]): Promise<number> {
  const child = spawn(command, args, { stdio: 'inherit' });
  const forward = (signal: NodeJS.Signals) => child.kill(signal);
  process.on('SIGINT', forward).on('SIGTERM', forward);
  const [code] = (await once(child, 'exit')) as [number | null];
  process.off('SIGINT', forward).off('SIGTERM', forward);
  return code ?? 1;
}
