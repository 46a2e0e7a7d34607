// A lock between processes of one machine that its holder's death releases: flock(1) holds it for as long as
// the pipe to this process is open. Used by set-up, so that an image is built once.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Runs `work` while holding the lock on the file `path` (made when missing); `onWait` is called if another holds it. */
export async function withFileLock<T>(
  path: string,
  work: () => Promise<T>,
  onWait: () => void = () => {},
): Promise<T> {
  const holder = spawn('flock', ['--exclusive', '--no-fork', path, 'sh', '-c', 'echo held; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const slow = setTimeout(onWait, 1000);
  const exited = once(holder, 'exit');
  try {
    await Promise.race([
      once(holder.stdout, 'data'),
      exited.then(() => {
        throw new Error(`flock could not lock ${path}`);
      }),
    ]);
  } finally {
    clearTimeout(slow);
  }
  try {
    return await work();
  } finally {
    holder.stdin.end();
    await exited;
  }
}
