// The end of a sandbox without a runner: it is killed, and what it used is written to the bill of its task.
import type { Store } from '../../db/store.ts';
import type { Logger } from '../../lib/log.ts';
import type { Prices } from '../../lib/money.ts';
import type { Usage } from '../../protocol/resources.ts';
import { recordUsage } from '../tasks/end.ts';
import type { DoorSandboxes } from './sandboxes.ts';
import { type Claimed, takeStep } from './starts.ts';

interface EndNeeds {
  store: Store;
  sandboxes: DoorSandboxes;
  prices: Prices;
  log: Logger;
}

/** Ended only once the vendor says that it is gone: what fails is done again. @throws SeedError as the vendor's */
export async function endStart(claimed: Claimed, { store, sandboxes, prices, log }: EndNeeds): Promise<void> {
  const { start } = claimed;
  await sandboxes.kill(start.sandbox_id);
  const usage = await usageOf(claimed, sandboxes, log);
  if (usage !== null) await recordUsage(store, { taskId: start.task_id, leaseId: start.lease_id, usage }, prices);
  await takeStep(store, claimed, (now) => ({ step: 'ended', ended_at: now, sealed_key: null }));
}

/** As the vendor says; else the most that it can be. Null: there was none. */
async function usageOf(
  { start, task, now }: Claimed,
  sandboxes: DoorSandboxes,
  log: Logger,
): Promise<Usage | null> {
  if (start.created_at === null) return null;
  const seen = await sandboxes.usage(start.sandbox_id).catch((error: Error) => {
    log.warn({ taskId: start.task_id, problem: error.message }, 'what a sandbox used is not known: estimated');
    return null;
  });
  if (seen !== null)
    return { ...seen, peakMemoryBytes: Math.round(seen.peakMemoryBytes), wallMs: Math.round(seen.wallMs) };
  const wallMs = Math.max(0, (task.completed_at ?? now).getTime() - start.created_at.getTime());
  const cpuSeconds = (wallMs / 1_000) * task.resources.vcpus;
  return { cpuSeconds, peakMemoryBytes: task.resources.memoryMb * 1024 * 1024, wallMs, estimated: true };
}
