// What a lease means for its sandbox: the limits and the bill.
import type { Limits, Usage as MeasuredUsage } from '../drivers/driver.ts';
import type { Logger } from '../lib/log.ts';
import { DEFAULT_RESOURCES, type Resources, type Usage } from '../protocol/resources.ts';
import type { TakenLease } from './server-client.ts';

const MIB = 1024 * 1024;

/** Whoever is dead then, the sandbox ends when all time is over that it may work and wait for people. */
export function limitsOf({ diesAt, waitMs, resources }: TakenLease): Limits {
  return { ...bounds(resources), deadline: diesAt + waitMs };
}

/** A task that asks for something else gets a sandbox of its own. */
export const POOLED_LIMITS: Omit<Limits, 'deadline'> = bounds(DEFAULT_RESOURCES);

function bounds({ vcpus, memoryMb, diskMb, processes }: Resources): Omit<Limits, 'deadline'> {
  return { vcpus, memoryBytes: memoryMb * MIB, diskBytes: diskMb * MIB, processes };
}

/** @param lived from its start to its end; for `pausedMs` of it it was off the processor, which costs nothing */
export function billedUsage(
  { cpuSeconds, peakMemoryBytes, problem }: MeasuredUsage,
  lived: { livedMs: number; pausedMs: number },
  vcpus: number,
  log: Logger,
): Usage {
  const { livedMs, pausedMs } = lived;
  const wallMs = Math.max(0, Math.round(livedMs - pausedMs));
  const paused = pausedMs > 0 && { pausedMs: Math.round(pausedMs) };
  const seen = { cpuSeconds, peakMemoryBytes: Math.round(peakMemoryBytes), wallMs, ...paused };
  if (problem === null) return seen;
  log.warn({ problem }, 'the sandbox could not be measured: its processor time is estimated');
  return { ...seen, cpuSeconds: Math.max(cpuSeconds, (wallMs / 1000) * vcpus), estimated: true };
}
