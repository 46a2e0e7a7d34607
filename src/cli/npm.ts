// Runs npm as the user has it. Used by the commands that make and upgrade an adopter's folder.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

export interface NpmOutcome {
  /** Null: it could not be started, or a signal ended it. */
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Never rejects. */
export async function npm(args: readonly string[], folder: string): Promise<NpmOutcome> {
  const onWindows = process.platform === 'win32';
  const child = spawn(onWindows ? 'npm.cmd' : 'npm', args, {
    cwd: folder,
    shell: onWindows,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  try {
    const [[code], stdout, stderr] = await Promise.all([
      once(child, 'close') as Promise<[number | null]>,
      text(child.stdout),
      text(child.stderr),
    ]);
    return { code, stdout, stderr };
  } catch (error) {
    return { code: null, stdout: '', stderr: (error as Error).message };
  }
}
