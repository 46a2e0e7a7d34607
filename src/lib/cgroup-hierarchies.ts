// Where this machine's control groups are and whether this process may make some. Linux only; version 2 and version 1.
import { access, mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { unlessShort } from './unless-short.ts';

/** Folders in which a group can be made: all four the same in version 2, one per controller in version 1. */
export interface CgroupHierarchies {
  version: 1 | 2;
  memory: string;
  pids: string;
  cpu: string;
  cpuacct: string;
}

const V2_CONTROLLERS = ['cpu', 'memory', 'pids'] as const;
const V1_CONTROLLERS = ['memory', 'pids', 'cpu', 'cpuacct'] as const;

/** Null when there are none for memory, processes and CPU, or this process may not use them. Rejects when it could not look. */
export async function findCgroupHierarchies(): Promise<CgroupHierarchies | null> {
  const mounts = parseMounts(await readFile('/proc/self/mounts', 'utf8').catch(unlessShort('')));
  return (await findVersion2(mounts)) ?? (await findVersion1(mounts));
}

interface CgroupMount {
  path: string;
  type: string;
  options: readonly string[];
}

/** The control group file systems of a mounts table, see proc_pid_mounts(5). */
export function parseMounts(text: string): CgroupMount[] {
  return text
    .split('\n')
    .map((line) => line.split(' '))
    .map(([, path = '', type = '', options = '']) => ({ path, type, options: options.split(',') }))
    .filter(({ type }) => type === 'cgroup' || type === 'cgroup2');
}

async function findVersion2(mounts: readonly CgroupMount[]): Promise<CgroupHierarchies | null> {
  const path = mounts.find(({ type }) => type === 'cgroup2')?.path;
  if (path === undefined) return null;
  const offered = await words(join(path, 'cgroup.controllers'));
  if (!V2_CONTROLLERS.every((controller) => offered.includes(controller))) return null;
  const delegated = await words(join(path, 'cgroup.subtree_control'));
  const wanted = V2_CONTROLLERS.filter((controller) => !delegated.includes(controller));
  if (wanted.length > 0) {
    const line = wanted.map((controller) => `+${controller}`).join(' ');
    // Refused inside a container whose own processes lie in its topmost group.
    const refused = await writeFile(join(path, 'cgroup.subtree_control'), line).then(
      () => false,
      unlessShort(true),
    );
    if (refused) return null;
  }
  if (!(await canMakeGroupIn(path))) return null;
  return { version: 2, memory: path, pids: path, cpu: path, cpuacct: path };
}

async function findVersion1(mounts: readonly CgroupMount[]): Promise<CgroupHierarchies | null> {
  const of = (controller: string) =>
    mounts.find(({ type, options }) => type === 'cgroup' && options.includes(controller))?.path;
  const paths = V1_CONTROLLERS.map(of);
  const [memory, pids, cpu, cpuacct] = paths;
  if (memory === undefined || pids === undefined || cpu === undefined || cpuacct === undefined) return null;
  for (const path of new Set([memory, pids, cpu, cpuacct])) if (!(await canMakeGroupIn(path))) return null;
  return { version: 1, memory, pids, cpu, cpuacct };
}

/** Tries it: a read-only mount or a missing right shows no other way. */
async function canMakeGroupIn(path: string): Promise<boolean> {
  const group = join(path, `seed-probe-${process.pid}`);
  try {
    await mkdir(group);
    await access(join(group, 'cgroup.procs'));
    return true;
  } catch {
    return false;
  } finally {
    await rmdir(group).catch(() => undefined);
  }
}

async function words(file: string): Promise<string[]> {
  return (await readFile(file, 'utf8').catch(unlessShort(''))).trim().split(/\s+/);
}
