// What a sandbox uses on the host. A meter keeps the most that was seen; where there is no control group to ask,
// the figures come from /proc. A host that cannot be read costs the sandbox its figures, and nobody anything else.
import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import { processTree } from '../../lib/host-processes.ts';
import type { Usage } from '../driver.ts';
import { patient } from '../patience.ts';

/** A kill waits no longer for the last look. */
const LOOK_WITHIN_MS = 250;

export interface Meter {
  /** Looks, and waits for at most LOOK_WITHIN_MS. Never rejects. */
  look(): Promise<void>;
  /** Looks first, unless the sandbox has ended: of that nothing more can be seen. Never rejects. */
  usage(): Promise<Usage>;
  /** The sandbox has ended. */
  end(): void;
}

/** @param measure what it uses now, or has used in all: zeros when it is gone; rejects when it cannot tell */
export function createMeter(measure: () => Promise<Figures>): Meter {
  let used: Usage = { cpuSeconds: 0, peakMemoryBytes: 0, problem: 'it ended before it was measured' };
  let ended = false;

  async function measureNow(): Promise<void> {
    try {
      const now = await measure();
      const isThere = now.cpuSeconds > 0 || now.peakMemoryBytes > 0;
      used = { ...largerUsage(used, now), problem: isThere ? null : used.problem };
    } catch (error) {
      used = { ...used, problem: (error as Error).message };
    }
  }

  async function look(): Promise<void> {
    if (ended) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        used = { ...used, problem: `the host did not tell within ${patient(LOOK_WITHIN_MS)} ms` };
        resolve();
      }, patient(LOOK_WITHIN_MS));
    });
    await Promise.race([measureNow(), late]);
    clearTimeout(timer);
  }

  return {
    look,
    async usage() {
      await look();
      return used;
    },
    end() {
      ended = true;
    },
  };
}

export type Figures = Omit<Usage, 'problem'>;

export interface MeasuredUsage extends Figures {
  /** Processes and threads. */
  tasks: number;
}

/** A process and its descendants at this moment; zeros when it is gone. Rejects when /proc cannot be read. */
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
