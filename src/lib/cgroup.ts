// The control groups of this machine (Linux, version 2 and version 1): where they are, and one per sandbox, made
// with its limits, read while it lives and removed at its end. Used by the drivers.
import { access, mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { exec } from './exec.ts';
import { unlessShort } from './host-lack.ts';

/** Folders in which a group can be made: all four the same in version 2, one per controller in version 1. */
export interface CgroupHierarchies {
  version: 1 | 2;
  memory: string;
  pids: string;
  cpu: string;
  cpuacct: string;
}

const JOIN_WITHIN_MS = 5_000;
const V2_CONTROLLERS = ['cpu', 'memory', 'pids'] as const;

/** Null when this process can use none for memory, processes and CPU. Rejects when it could not look. */
export async function findCgroupHierarchies(): Promise<CgroupHierarchies | null> {
  const mounts = parseMounts(await readFile('/proc/self/mounts', 'utf8').catch(unlessShort('')));
  return (await findVersion2(mounts)) ?? (await findVersion1(mounts));
}

/** The control group file systems of a mounts table, see proc_pid_mounts(5). */
export function parseMounts(text: string) {
  return text
    .split('\n')
    .map((line) => line.split(' '))
    .map(([, path = '', type = '', options = '']) => ({ path, type, options: options.split(',') }))
    .filter(({ type }) => type === 'cgroup' || type === 'cgroup2');
}

type Mounts = ReturnType<typeof parseMounts>;

async function findVersion2(mounts: Mounts): Promise<CgroupHierarchies | null> {
  const path = mounts.find(({ type }) => type === 'cgroup2')?.path;
  if (path === undefined) return null;
  const offered = await words(join(path, 'cgroup.controllers'));
  if (!V2_CONTROLLERS.every((controller) => offered.includes(controller))) return null;
  const delegated = await words(join(path, 'cgroup.subtree_control'));
  const wanted = V2_CONTROLLERS.filter((controller) => !delegated.includes(controller));
  if (wanted.length > 0) {
    const line = wanted.map((controller) => `+${controller}`).join(' ');
    // Refused inside a container whose own processes lie in its topmost group.
    const written = writeFile(join(path, 'cgroup.subtree_control'), line);
    if (await written.then(() => false, unlessShort(true))) return null;
  }
  if (!(await canMakeGroupIn(path))) return null;
  return { version: 2, memory: path, pids: path, cpu: path, cpuacct: path };
}

async function findVersion1(mounts: Mounts): Promise<CgroupHierarchies | null> {
  const of = (controller: string) =>
    mounts.find(({ type, options }) => type === 'cgroup' && options.includes(controller))?.path;
  const [memory, pids, cpu, cpuacct] = ['memory', 'pids', 'cpu', 'cpuacct'].map(of);
  if (memory === undefined || pids === undefined || cpu === undefined || cpuacct === undefined) return null;
  for (const path of new Set([memory, pids, cpu, cpuacct])) if (!(await canMakeGroupIn(path))) return null;
  return { version: 1, memory, pids, cpu, cpuacct };
}

/** Tries it: a read-only mount, a missing right or a namespace that lets no process in shows no other way. */
async function canMakeGroupIn(path: string): Promise<boolean> {
  const group = join(path, `seed-probe-${process.pid}`);
  try {
    await mkdir(group);
    const procs = join(group, 'cgroup.procs');
    await access(procs);
    await exec('sh', ['-c', 'echo $$ >"$1"', 'sh', procs], { timeoutMs: JOIN_WITHIN_MS });
    return true;
  } catch (error) {
    return unlessShort(false)(error);
  } finally {
    await removeFolder(group, REMOVE_ATTEMPTS).catch(() => undefined);
  }
}

async function words(file: string): Promise<string[]> {
  return (await readFile(file, 'utf8').catch(unlessShort(''))).trim().split(/\s+/);
}

interface CgroupLimits {
  memoryBytes: number;
  /** Whole processors' worth of time. */
  vcpus: number;
  /** Processes and threads. */
  tasks: number;
}

export interface Cgroup {
  /** A process joins by writing its pid to each; its children follow it. */
  procsFiles: readonly string[];
  /** What the group has used. The peak counts files in the page cache, too. Rejects when it cannot be read. */
  usage(): Promise<{ cpuSeconds: number; peakMemoryBytes: number }>;
  /** How often the limit of memory cost a process its life. */
  outOfMemoryKills(): Promise<number>;
  /** How often a process or thread was refused. */
  refusedTasks(): Promise<number>;
}

const CPU_PERIOD_US = 100_000;
/** Half of what a process outside gets when the processors are busy: the host stays responsive. */
const CPU_SHARES_V1 = 512;
const CPU_WEIGHT_V2 = 50;

/** Throws when the name is taken or the system refuses a limit. */
export async function createCgroup(
  hierarchies: CgroupHierarchies,
  name: string,
  limits: CgroupLimits,
): Promise<Cgroup> {
  for (const folder of foldersOf(hierarchies, name)) await mkdir(folder);
  const write = (file: string, value: number | string) => writeFile(file, String(value));
  const quota = Math.round(limits.vcpus * CPU_PERIOD_US);
  const memory = join(hierarchies.memory, name);
  const pids = join(hierarchies.pids, name);
  const cpu = join(hierarchies.cpu, name);
  await write(join(pids, 'pids.max'), limits.tasks);
  if (hierarchies.version === 2) {
    await write(join(memory, 'memory.max'), limits.memoryBytes);
    // A kernel without swap has no such file.
    await write(join(memory, 'memory.swap.max'), 0).catch(() => undefined);
    await write(join(memory, 'memory.oom.group'), 1);
    await write(join(cpu, 'cpu.max'), `${quota} ${CPU_PERIOD_US}`);
    await write(join(cpu, 'cpu.weight'), CPU_WEIGHT_V2);
  } else {
    await write(join(memory, 'memory.limit_in_bytes'), limits.memoryBytes);
    await write(join(memory, 'memory.memsw.limit_in_bytes'), limits.memoryBytes).catch(() => undefined);
    await write(join(cpu, 'cpu.cfs_period_us'), CPU_PERIOD_US);
    await write(join(cpu, 'cpu.cfs_quota_us'), quota);
    await write(join(cpu, 'cpu.shares'), CPU_SHARES_V1);
  }
  return readable(hierarchies, name);
}

function readable(hierarchies: CgroupHierarchies, name: string): Cgroup {
  const { version } = hierarchies;
  const memory = join(hierarchies.memory, name);
  const pids = join(hierarchies.pids, name);
  const cpuacct = join(hierarchies.cpuacct, name);
  const oomFile = join(memory, version === 2 ? 'memory.events' : 'memory.oom_control');
  return {
    procsFiles: foldersOf(hierarchies, name).map((folder) => join(folder, 'cgroup.procs')),
    async usage() {
      if (version === 2) {
        return {
          cpuSeconds: fieldOf(await readFile(join(cpuacct, 'cpu.stat'), 'utf8'), 'usage_usec') / 1e6,
          // Kernels before 5.19 have no such file.
          peakMemoryBytes: await number(join(memory, 'memory.peak'), '0'),
        };
      }
      return {
        cpuSeconds: (await number(join(cpuacct, 'cpuacct.usage'))) / 1e9,
        peakMemoryBytes: await number(join(memory, 'memory.max_usage_in_bytes')),
      };
    },
    outOfMemoryKills: () => field(oomFile, 'oom_kill'),
    refusedTasks: () => field(join(pids, 'pids.events'), 'max'),
  };
}

const REMOVE_ATTEMPTS = 50;
const REMOVE_RETRY_MS = 20;

/** Removes the group if it is there. Throws when after a second there are processes left in it. */
export async function removeCgroup(hierarchies: CgroupHierarchies, name: string): Promise<void> {
  for (const folder of foldersOf(hierarchies, name)) await removeFolder(folder, REMOVE_ATTEMPTS);
}

async function removeFolder(folder: string, attempts: number): Promise<void> {
  try {
    await rmdir(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return;
    if (code !== 'EBUSY' || attempts <= 1) throw error;
    await sleep(REMOVE_RETRY_MS);
    await removeFolder(folder, attempts - 1);
  }
}

/** Controllers may share a hierarchy: always in version 2, often cpu and cpuacct in version 1. */
function foldersOf({ memory, pids, cpu, cpuacct }: CgroupHierarchies, name: string): string[] {
  return [...new Set([memory, pids, cpu, cpuacct])].map((root) => join(root, name));
}

/** @param missing what stands for a file that this kernel does not have */
async function number(file: string, missing?: string): Promise<number> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' && missing !== undefined) return missing;
    throw error;
  });
  return Number(text) || 0;
}

/** One number of a flat keyed file; 0 when the file cannot be read: it is looked at again. */
async function field(file: string, key: string): Promise<number> {
  return fieldOf(await readFile(file, 'utf8').catch(() => ''), key);
}

function fieldOf(text: string, key: string): number {
  return Number(new RegExp(`^${key} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
}
