// The supervisor of a sandbox: two small programs of the system that outlive the runner. `unshare` gives the
// sandbox a process namespace of its own, whose first process is coreutils' `timeout`. When that ends, because the
// time is up or it is killed, the kernel ends every other process in the namespace.
import { readFile } from 'node:fs/promises';
import { getuid } from 'node:process';

export const isRoot = () => getuid?.() === 0;

const KILL_CHILD = '--kill-child=KILL';

/** For sandboxes without limits of their own: those that are being frozen, and probes. */
const HOST_PROCESSES = 1024;

/**
 * The command that runs `args` supervised, and for at most `timeoutMs`.
 * @param hostProcesses bound of processes and threads, counted per user namespace (the kernel exempts root); null
 * where the driver's own programs cannot start any for the guest
 */
export function supervised(
  args: readonly string[],
  timeoutMs: number,
  hostProcesses: number | null = HOST_PROCESSES,
): string[] {
  const seconds = Math.max(timeoutMs / 1000, 0.001).toFixed(3);
  // As an ordinary user the sandbox's root is that user; runsc's own --rootless cannot restore.
  const user = isRoot() ? [] : ['--user', '--map-root-user'];
  const unshare = ['unshare', ...user, '--net', '--pid', '--mount-proc', '--fork', KILL_CHILD];
  const timeout = ['timeout', '--foreground', '--signal=KILL', seconds];
  const bound = hostProcesses === null ? [] : ['prlimit', `--nproc=${hostProcesses}`];
  return [...unshare, ...bound, ...timeout, ...args];
}

/** Whether this is the command line of a supervisor, at its head: `unshare` as `supervised` calls it. */
export function isSupervisor([program, ...args]: readonly string[]): boolean {
  return program === 'unshare' && args.includes(KILL_CHILD);
}

/** The command that runs `args` in the namespaces of the process `pid`. */
export function inside(pid: number, args: readonly string[]): string[] {
  const user = isRoot() ? [] : ['--user', '--preserve-credentials'];
  return ['nsenter', `--target=${pid}`, ...user, '--pid', '--mount', '--net', ...args];
}

/**
 * The namespace's first process below `unshare`; undefined: not started, or ended. Killing it and not `unshare`
 * leaves no zombie: `unshare` reaps it, the runner `unshare`. Its end proves that the namespace is empty.
 */
export async function firstProcess(unsharePid: number): Promise<number | undefined> {
  const children = await readFile(`/proc/${unsharePid}/task/${unsharePid}/children`, 'utf8').catch(() => '');
  return Number.parseInt(children, 10) || undefined;
}

/**
 * Ends all processes below `unshare`. When its first cannot be told, because it has not started or this process
 * has no file descriptor to look, `unshare` itself is killed, and takes it along (`--kill-child`).
 */
export async function killSupervised(unsharePid: number): Promise<void> {
  killProcess((await firstProcess(unsharePid)) ?? unsharePid);
}

export function killProcess(pid: number): void {
  signalProcess(pid, 'SIGKILL');
}

export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Already gone.
  }
}

/** Environment of every host process of a sandbox. None of the runner's own variables come near it. */
export const HOST_ENVIRONMENT = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' };
