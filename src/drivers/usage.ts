// What a sandbox has used so far, from the kernel's account of its processes. Best effort.
import { readFile } from 'node:fs/promises';
import { processTree } from '../lib/host-processes.ts';
import type { Usage } from './driver.ts';

/** CPU time of all processes below the supervisor; memory as the largest peak of any one of them. */
export async function measureUsage(supervisorPid: number): Promise<Usage> {
  const processes = await processTree(supervisorPid);
  const peaks = await Promise.all(processes.map(({ pid }) => peakMemoryBytes(pid)));
  return {
    cpuSeconds: processes.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
    // The sandbox's memory is shared between its processes: adding them up would count it several times.
    peakMemoryBytes: Math.max(0, ...peaks),
  };
}

async function peakMemoryBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}

/** The larger of each: a process that has ended takes its numbers with it. */
export function largerUsage(one: Usage, other: Usage): Usage {
  return {
    cpuSeconds: Math.max(one.cpuSeconds, other.cpuSeconds),
    peakMemoryBytes: Math.max(one.peakMemoryBytes, other.peakMemoryBytes),
  };
}
