// Runs a tool of this repository in the foreground; a failure ends the script with the tool's exit code.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

export async function run(command: string, args: readonly string[]): Promise<void> {
  const child = spawn(command, args, { stdio: 'inherit' });
  const forward = (signal: NodeJS.Signals) => child.kill(signal);
  process.on('SIGINT', forward).on('SIGTERM', forward);
  const [code] = (await once(child, 'exit')) as [number | null];
  process.off('SIGINT', forward).off('SIGTERM', forward);
  if (code !== 0) process.exit(code ?? 1);
}
