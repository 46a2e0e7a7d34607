// What the sandboxes of tasks used and cost: a row each, and on the task. Called where a task's usage is reported.
import { computeCost, type Prices } from '../core/cost.ts';
import type { Usage } from '../protocol/resources.ts';
import type { Tx } from './tables.ts';

export interface UsageOfLease {
  taskId: string;
  leaseId: string;
  usage: Usage;
}

/** The first report stays. */
export async function saveUsage(
  tx: Tx,
  { taskId, leaseId, usage }: UsageOfLease,
  prices: Prices,
  now: Date,
): Promise<void> {
  const task = await tx
    .selectFrom('tasks')
    .select(['account_id', 'billed_key_id', 'resources'])
    .where('id', '=', taskId)
    .where('lease_id', '=', leaseId)
    .where('usage', 'is', null)
    .forNoKeyUpdate()
    .executeTakeFirst();
  if (!task) return;
  const { resources, ...owner } = task;
  const { vcpuSeconds, gbSeconds, nanoUsd } = computeCost(prices, usage, resources.memoryMb);
  await tx
    .updateTable('tasks')
    .set({ usage: JSON.stringify(usage), compute_nano_usd: nanoUsd })
    .where('id', '=', taskId)
    .execute();
  await tx
    .insertInto('compute')
    .values({
      task_id: taskId,
      created_at: now,
      ...owner,
      vcpu_seconds: vcpuSeconds,
      gb_seconds: gbSeconds,
      cost_nano_usd: nanoUsd,
    })
    .execute();
}
