// What a sandbox is billed for: what was measured, or where the host did not let it be measured the most that it can have used.
import type { Usage as MeasuredUsage } from '../drivers/driver.ts';
import type { Logger } from '../lib/log.ts';
import type { Usage } from '../protocol/resources.ts';

export function billedUsage(
  { cpuSeconds, peakMemoryBytes, problem }: MeasuredUsage,
  wallMs: number,
  vcpus: number,
  log: Logger,
): Usage {
  const seen = { cpuSeconds, peakMemoryBytes: Math.round(peakMemoryBytes), wallMs };
  if (problem === null) return seen;
  log.warn({ problem }, 'the sandbox could not be measured: its processor time is estimated');
  return { ...seen, cpuSeconds: Math.max(cpuSeconds, (wallMs / 1000) * vcpus), estimated: true };
}
