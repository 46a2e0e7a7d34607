// The cgroup that the jailer makes for each machine, where the host has cgroup v2 with the controllers for it.
// It bounds Firecracker itself; the machine's size bounds the guest on every host.
import { readFile, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { MachineSize } from './requests.ts';

const ROOT = '/sys/fs/cgroup';
const PARENT = 'seed';
const NEEDED = ['cpu', 'memory', 'pids'];
/** Firecracker's own memory beside the guest's. */
const OVERHEAD_MIB = 128;
const MIB = 1024 * 1024;
/** Threads: one per processor and a handful of Firecracker's. */
const THREADS = 64;

/** Controllers of the host's cgroup v2; none where it has v1. */
export async function readControllers(): Promise<string[]> {
  const text = await readFile(join(ROOT, 'cgroup.controllers'), 'utf8').catch(() => '');
  return text.split(/\s+/).filter(Boolean);
}

/** The jailer's arguments; none unless all of `NEEDED` is there. */
export function cgroupArguments({ vcpus, memoryMib }: MachineSize, controllers: readonly string[]): string[] {
  if (!NEEDED.every((name) => controllers.includes(name))) return [];
  const values = [
    `memory.max=${(memoryMib + OVERHEAD_MIB) * MIB}`,
    `cpu.max=${vcpus * 100_000} 100000`,
    `pids.max=${THREADS}`,
  ];
  return [
    '--cgroup-version',
    '2',
    '--parent-cgroup',
    PARENT,
    ...values.flatMap((value) => ['--cgroup', value]),
  ];
}

/** Whether the host's kernel ended a process of the machine for want of memory. */
export async function wasOutOfMemory(mark: string): Promise<boolean> {
  const events = await readFile(join(ROOT, PARENT, mark, 'memory.events'), 'utf8').catch(() => '');
  return Number(/^oom_kill (\d+)$/m.exec(events)?.[1] ?? 0) > 0;
}

/** Call it when no process is left. */
export async function removeCgroup(mark: string): Promise<void> {
  await rmdir(join(ROOT, PARENT, mark)).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
  });
}
