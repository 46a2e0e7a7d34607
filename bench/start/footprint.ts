// What sandboxes take from the machine: memory by proportional share, processor time with all that has ended
// meanwhile.
import { readFile } from 'node:fs/promises';
import { processTree } from '../../src/lib/host-processes.ts';

/** Linux reports times in hundredths of a second. */
const TICKS_PER_SECOND = 100;

/** Bytes of memory of all processes below the runner, shared pages divided among those that share them. */
export async function memoryBelow(runnerPid: number): Promise<number> {
  const processes = await processTree(runnerPid);
  const memories = await Promise.all(processes.map(({ pid }) => (pid === runnerPid ? '' : memoryOf(pid))));
  return [...new Set(memories)].reduce((sum, memory) => sum + shareOf(memory), 0);
}

/**
 * The process's mappings and what they take. The same to the letter for processes that share one memory (gVisor's
 * stubs, made with CLONE_VM), of which it counts once. A process may end meanwhile.
 */
async function memoryOf(pid: number): Promise<string> {
  const files = ['maps', 'smaps_rollup'].map((name) => readFile(`/proc/${pid}/${name}`, 'utf8'));
  return (await Promise.all(files).catch(() => [])).join('');
}

function shareOf(memory: string): number {
  return Number(/^Pss:\s+(\d+) kB$/m.exec(memory)?.[1] ?? 0) * 1024;
}

/** Processor seconds that the processes and all below them have used. */
export async function cpuSeconds(pids: readonly number[]): Promise<number> {
  const trees = await Promise.all(pids.map((pid) => processTree(pid)));
  return trees.flat().reduce((sum, one) => sum + one.cpuSeconds, 0);
}

/** Processor seconds of this one process, without those of its children. */
export async function ownCpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // Fields 14 and 15 of proc_pid_stat(5); field 2, the name, may hold spaces.
  const [utime = 0, stime = 0] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
    .map(Number);
  return (utime + stime) / TICKS_PER_SECOND;
}
