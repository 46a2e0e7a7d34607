// The processes of this host, by command line and by descent. Linux only: reads /proc.
import { readdir, readFile } from 'node:fs/promises';
import { unlessShort } from './host-lack.ts';

/** Pids of all processes whose command line `matches`; zombies have none. Rejects when /proc cannot be read. */
export async function findByCommandLine(matches: (args: readonly string[]) => boolean): Promise<number[]> {
  return eachProcess(async (pid) => {
    const args = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0').slice(0, -1);
    return matches(args) ? pid : undefined;
  });
}

interface ProcessTime {
  pid: number;
  parentPid: number;
  /** CPU time of the process and of its finished, awaited children. */
  cpuSeconds: number;
}

/** The process `rootPid` and its descendants; empty when it is gone. Rejects when /proc cannot be read. */
export async function processTree(rootPid: number): Promise<ProcessTime[]> {
  // Twenty sandboxes measured at once would read all of /proc twenty times: calls share a reading in flight.
  reading ??= readTimes().finally(() => {
    reading = undefined;
  });
  return descendants(await reading, rootPid);
}

let reading: Promise<ProcessTime[]> | undefined;

async function readTimes(): Promise<ProcessTime[]> {
  return eachProcess(async (pid) => ({ pid, ...parseStat(await readFile(`/proc/${pid}/stat`, 'utf8')) }));
}

/** `rootPid` and what descends from it, among `processes` in any order. */
export function descendants<P extends { pid: number; parentPid: number }>(processes: P[], rootPid: number): P[] {
  const members = new Set([rootPid]);
  for (let size = 0; size < members.size; ) {
    size = members.size;
    for (const { pid, parentPid } of processes) if (members.has(parentPid)) members.add(pid);
  }
  return processes.filter(({ pid }) => members.has(pid));
}

/** The processes that any thread of the process has started and that are there; none when it is gone. */
export async function childrenOf(pid: number): Promise<number[]> {
  const threads = await readdir(`/proc/${pid}/task`).catch(unlessShort([]));
  const lists = await Promise.all(
    threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/children`, 'utf8').catch(unlessShort(''))),
  );
  return lists.flatMap((list) => list.split(' ').filter(Boolean).map(Number));
}

/** Linux reports times to user space in hundredths of a second on every architecture. */
const TICKS_PER_SECOND = 100;

/**
 * See proc_pid_stat(5). Field 2, the name, may hold anything, even brackets and spaces. With its pid, a process's
 * start time (`startTicks`, since boot) names it for ever.
 */
export function parseStat(stat: string): { parentPid: number; cpuSeconds: number; startTicks: string } {
  const fromField3 = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [utime = 0, stime = 0, cutime = 0, cstime = 0] = fromField3.slice(11, 15).map(Number);
  return {
    parentPid: Number(fromField3[1]),
    cpuSeconds: (utime + stime + cutime + cstime) / TICKS_PER_SECOND,
    startTicks: fromField3[19] ?? '',
  };
}

/** What is read of each process, as far as there is something. */
async function eachProcess<T>(read: (pid: number) => Promise<T | undefined>): Promise<T[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found: T[] = [];
  // A process may be gone between readdir and readFile, or be another user's.
  for (let from = 0; from < pids.length; from += READ_AT_ONCE) {
    const some = pids.slice(from, from + READ_AT_ONCE).map((pid) => read(pid).catch(unlessShort(undefined)));
    found.push(...(await Promise.all(some)).filter((value) => value !== undefined));
  }
  return found;
}

/** A host with thousands of processes must not cost as many file descriptors. */
const READ_AT_ONCE = 16;
