// Holds one sandbox to its limits and measures it: by a control group where this process may make one, otherwise
// by looking several times a second. Used by supervised.ts for sandboxes whose technology does not bound itself.
import { createHash, randomInt } from 'node:crypto';
import { availableParallelism } from 'node:os';
import {
  type Cgroup,
  type CgroupHierarchies,
  createCgroup,
  findCgroupHierarchies,
  removeCgroup,
} from '../../lib/cgroup.ts';
import { every, type Loop } from '../../lib/every.ts';
import type { Exit } from '../driver.ts';
import { type Figures, largerUsage, measureUsage } from './usage.ts';

export interface GuardLimits {
  memoryBytes: number;
  vcpus: number;
  /** Processes and threads on the host. */
  hostTasks: number;
}

export interface Guard {
  /** The command that runs `args` under the limits. */
  wrap(args: readonly string[]): string[];
  /** Watches the process and all that descend from it. @param onExceeded called at most once, to end them */
  watch(pid: number, onExceeded: () => void): void;
  /** What it has used; rejects when that cannot be told. */
  measure(): Promise<Figures>;
  /** Whether it can be measured when no process of the sandbox is left. */
  readonly remembers: boolean;
  /** Why the sandbox had to die; null when it kept to its limits. */
  verdict(): Promise<Exit | null>;
  /** Watches no longer. What it has made is removed with the sandbox's folder. */
  stop(): void;
}

const LOOK_EVERY_MS = 200;
const OUT_OF_MEMORY: Exit = { reason: 'out_of_memory' };

let hierarchies: Promise<CgroupHierarchies | null> | undefined;

/** Asked once per process: the answer takes a few system calls and does not change. */
function cgroups(): Promise<CgroupHierarchies | null> {
  hierarchies ??= findCgroupHierarchies().catch((error) => {
    hierarchies = undefined;
    throw error;
  });
  return hierarchies;
}

/** @param folder the sandbox's folder; the group is named after it, so that a sweep finds both */
export async function createGuard(folder: string, limits: GuardLimits): Promise<Guard> {
  const found = await cgroups();
  return found === null ? samplingGuard(limits) : cgroupGuard(found, folder, limits);
}

/** Removes what a guard of this folder left, if there is anything. No process of the sandbox may be alive. */
export async function removeGuard(folder: string): Promise<void> {
  const found = await cgroups();
  if (found !== null) await removeCgroup(found, groupName(folder));
}

export function groupName(folder: string): string {
  return `seed-${createHash('sha256').update(folder).digest('hex').slice(0, 24)}`;
}

async function cgroupGuard(found: CgroupHierarchies, folder: string, limits: GuardLimits): Promise<Guard> {
  const { hostTasks: tasks, ...bounds } = limits;
  // A group that outlived its folder would count what is long gone.
  await removeGuard(folder);
  const group = await createCgroup(found, groupName(folder), { ...bounds, tasks }).catch(async (error) => {
    await removeGuard(folder);
    throw error;
  });
  const verdict = () => verdictOf(group, tasks);
  const look = createWatch(async () => (await verdict()) !== null);
  return {
    // A shell joins and becomes the program: there is no moment at which the program is outside.
    wrap: (args) => ['sh', '-c', JOIN, 'join', ...group.procsFiles, '--', ...args],
    watch: (_pid, onExceeded) => look.start(onExceeded),
    measure: () => group.usage(),
    remembers: true,
    verdict,
    stop: look.stop,
  };
}

const JOIN = 'while [ "$1" != -- ]; do echo $$ >"$1" || exit 125; shift; done; shift; exec "$@"';

async function verdictOf(group: Cgroup, hostTasks: number): Promise<Exit | null> {
  if ((await group.outOfMemoryKills()) > 0) return OUT_OF_MEMORY;
  return (await group.refusedTasks()) > 0 ? tooManyTasks(hostTasks) : null;
}

/** What the kernel does not hold back is seen within LOOK_EVERY_MS and ended. */
function samplingGuard({ memoryBytes, vcpus, hostTasks }: GuardLimits): Guard {
  let used: Figures = { cpuSeconds: 0, peakMemoryBytes: 0 };
  let verdict: Exit | null = null;
  let rootPid = 0;
  /** Why the last look failed, while there was something to see. */
  let failure: Error | null = null;
  const measure = async () => {
    const now = await measureUsage(rootPid).catch((error) => {
      failure = error;
      throw error;
    });
    if (now.tasks > 0) failure = null;
    else if (failure !== null) throw failure;
    used = largerUsage(used, now);
    if (now.peakMemoryBytes > memoryBytes) verdict ??= OUT_OF_MEMORY;
    else if (now.tasks > hostTasks) verdict ??= tooManyTasks(hostTasks);
    return used;
  };
  const look = createWatch(async () => {
    await measure();
    return verdict !== null;
  });
  return {
    wrap: (args) => [...chooseProcessors(vcpus), ...args],
    watch: (pid, onExceeded) => {
      rootPid = pid;
      look.start(onExceeded);
    },
    measure,
    remembers: false,
    verdict: async () => verdict,
    stop: look.stop,
  };
}

function tooManyTasks(hostTasks: number): Exit {
  const detail = `it had more processes than it may have (${hostTasks} processes and threads of the host)`;
  return { reason: 'lost', detail };
}

/**
 * Asks `isOver` again and again until it says so or is stopped. A host that does not answer, because it has no
 * file descriptor left, is asked again: the sandbox is not to blame, and others have theirs.
 */
function createWatch(isOver: () => Promise<boolean>) {
  let loop: Loop | undefined;
  let stopped = false;
  const stop = () => {
    stopped = true;
    void loop?.stop();
  };
  return {
    start(onOver: () => void) {
      loop = every({ everyMs: LOOK_EVERY_MS, name: 'look at a sandbox', log: null }, async () => {
        if (!(await isOver()) || stopped) return;
        stop();
        onOver();
      });
    },
    stop,
  };
}

/** A command prefix that binds what follows to `count` neighbouring processors; empty when there are no more. */
function chooseProcessors(count: number): string[] {
  const available = availableParallelism();
  if (count >= available) return [];
  const first = randomInt(available);
  const chosen = Array.from({ length: count }, (_, index) => (first + index) % available);
  return ['taskset', '--cpu-list', chosen.join(',')];
}
