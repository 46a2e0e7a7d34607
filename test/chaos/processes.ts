// Processes of this machine as faults hit them: signals to one, to all below it, to the sandboxes of a runner.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { removeSandbox, sandboxProcesses } from '../../src/drivers/process/sandbox-folder.ts';
import { processTree } from '../../src/lib/host-processes.ts';

/** To each that is still there. */
export function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

/** The process and all that descend from it. */
export async function withDescendants(pid: number): Promise<number[]> {
  return (await processTree(pid)).map((process) => process.pid);
}

/** The child of a process that runs this file; 0 when there is none. */
export async function childRunning(parent: number, file: string): Promise<number> {
  const children = await readFile(`/proc/${parent}/task/${parent}/children`, 'utf8').catch(() => '');
  for (const pid of children.split(' ').filter(Boolean)) {
    const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (commandLine.includes(file)) return Number(pid);
  }
  return 0;
}

/** Folders of the sandboxes that a runner with this data folder has, or has left. */
export async function sandboxFolders(dataDir: string): Promise<string[]> {
  const folder = join(dataDir, 'gvisor/sandboxes');
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => !name.startsWith('probe-')).map((name) => join(folder, name));
}

/** All processes of a sandbox, those that run its guest's code as well. */
export async function allProcessesOf(sandbox: string): Promise<number[]> {
  const trees = await Promise.all((await sandboxProcesses(sandbox)).map(withDescendants));
  return [...new Set(trees.flat())];
}

/** What a runner that was killed for good has left. */
export async function removeSandboxes(dataDir: string): Promise<void> {
  for (const folder of await sandboxFolders(dataDir)) await removeSandbox(folder);
}
