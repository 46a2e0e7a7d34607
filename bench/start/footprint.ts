// What sandboxes take from the machine: memory by proportional share, processor time with all that has ended meanwhile.
import { readFile } from 'node:fs/promises';
import { processTree } from '../../src/lib/host-processes.ts';

/** Bytes of memory of all processes below the runner, shared pages divided among those that share them. */
export async function memoryBelow(runnerPid: number): Promise<number> {
  const processes = await processTree(runnerPid);
  const shares = await Promise.all(processes.map(({ pid }) => (pid === runnerPid ? 0 : shareOf(pid))));
  return shares.reduce((sum, bytes) => sum + bytes, 0);
}

/** A process may end meanwhile. */
async function shareOf(pid: number): Promise<number> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
  return Number(/^Pss:\s+(\d+) kB$/m.exec(rollup)?.[1] ?? 0) * 1024;
}

/** Processor seconds that the processes and all below them have used. */
export async function cpuSeconds(pids: readonly number[]): Promise<number> {
  const trees = await Promise.all(pids.map((pid) => processTree(pid)));
  return trees.flat().reduce((sum, one) => sum + one.cpuSeconds, 0);
}
