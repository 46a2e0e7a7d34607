// What the processes of a sandbox use on the host, from /proc. Used where there is no control group to ask.
import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import { processTree } from '../../lib/host-processes.ts';
import type { Usage } from '../driver.ts';

export type Figures = Omit<Usage, 'problem'>;

export interface MeasuredUsage extends Figures {
  /** Processes and threads. */
  tasks: number;
}

/**
 * The process and all that descend from it at this moment, as the peak so far; zeros when it is gone. Rejects when /proc cannot
 * be read.
 */
export async function measureUsage(rootPid: number): Promise<MeasuredUsage> {
  const processes = await processTree(rootPid);
  const each = await Promise.all(processes.map(({ pid }) => measureProcess(pid)));
  const memoryFiles = new Map(each.flatMap(({ files }) => files));
  const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
  const shared = Math.max(0, ...each.map(({ shared }) => shared));
  return {
    tasks: sum(each.map(({ threads }) => threads)),
    // Summing up what the processes share would count it several times; the files behind it are counted exactly.
    peakMemoryBytes: sum(each.map(({ own }) => own)) + Math.max(shared, sum([...memoryFiles.values()])),
    cpuSeconds: sum(processes.map(({ cpuSeconds }) => cpuSeconds)),
  };
}

async function measureProcess(pid: number) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const count = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
  const shared = count('RssShmem') * 1024;
  const files = shared > 0 ? await memoryFiles(pid) : [];
  return { threads: count('Threads'), own: count('RssAnon') * 1024, shared, files };
}

const BLOCK_BYTES = 512;

/** The memory files (memfd_create) that the process holds open, by inode, with the bytes that are in them. */
async function memoryFiles(pid: number): Promise<[number, number][]> {
  const folder = `/proc/${pid}/fd`;
  // Not readable for everybody; what is shared is then estimated from the process's own memory.
  const names = await readdir(folder).catch(() => []);
  const found = await Promise.all(
    names.map(async (name): Promise<[number, number] | null> => {
      const target = await readlink(`${folder}/${name}`).catch(() => '');
      if (!target.startsWith('/memfd:')) return null;
      const file = await stat(`${folder}/${name}`).catch(() => null);
      return file && [file.ino, file.blocks * BLOCK_BYTES];
    }),
  );
  return found.filter((file) => file !== null);
}

/** The larger of each: what has ended may take its numbers with it. */
export function largerUsage(one: Figures, other: Figures): Figures {
  return {
    cpuSeconds: Math.max(one.cpuSeconds, other.cpuSeconds),
    peakMemoryBytes: Math.max(one.peakMemoryBytes, other.peakMemoryBytes),
  };
}
