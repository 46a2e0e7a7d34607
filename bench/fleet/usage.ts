// What the parts of the control plane take: processor time and memory, each from /proc.
import { readFile } from 'node:fs/promises';
import { processTree } from '../../src/lib/host-processes.ts';
import { cpuSeconds } from '../start/footprint.ts';
import type { FleetProcesses } from './processes.ts';

export interface ByPart {
  servers: number;
  runners: number;
  postgres: number;
}

export const PARTS = ['servers', 'runners', 'postgres'] as const;

const pidsOf = ({ servers, runnerPids, postgresPid }: FleetProcesses): Record<keyof ByPart, number[]> => ({
  servers: servers.map(({ pid }) => pid),
  runners: [...runnerPids],
  postgres: [postgresPid],
});

/** Processor seconds so far. */
export function cpuByPart(fleet: FleetProcesses): Promise<ByPart> {
  return eachPart(fleet, cpuSeconds);
}

/** Bytes, with shared pages divided among those that share them. */
export function memoryByPart(fleet: FleetProcesses): Promise<ByPart> {
  return eachPart(fleet, async (pids) => {
    const trees = await Promise.all(pids.map((pid) => processTree(pid)));
    const shares = await Promise.all(trees.flat().map(({ pid }) => shareOf(pid)));
    return shares.reduce((sum, bytes) => sum + bytes, 0);
  });
}

export function eachOf(make: (part: keyof ByPart) => number): ByPart {
  return { servers: make('servers'), runners: make('runners'), postgres: make('postgres') };
}

export function sumOf({ servers, runners, postgres }: ByPart): number {
  return servers + runners + postgres;
}

async function eachPart(fleet: FleetProcesses, measure: (pids: number[]) => Promise<number>): Promise<ByPart> {
  const pids = pidsOf(fleet);
  const [servers, runners, postgres] = await Promise.all(PARTS.map((part) => measure(pids[part])));
  return { servers: servers ?? 0, runners: runners ?? 0, postgres: postgres ?? 0 };
}

/** A process may end meanwhile. */
async function shareOf(pid: number): Promise<number> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
  return Number(/^Pss:\s+(\d+) kB$/m.exec(rollup)?.[1] ?? 0) * 1024;
}
