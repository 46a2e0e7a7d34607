// What the sandboxes of tasks used and cost: a row each, and on the task. Called where a task's usage is reported.
import type { Tx } from '../../db/tables.ts';
import { computeCost, type Prices } from '../../lib/money.ts';
import type { Usage } from '../../protocol/resources.ts';
import { addUsed, lockAncestors } from './sums.ts';

export interface UsageOfLease {
  taskId: string;
  leaseId: string;
  usage: Usage;
}

/** Records a task's usage; the first report stays. Its cost counts for the task, its ancestors and its keys. */
export async function saveUsage(
  tx: Tx,
  { taskId, leaseId, usage }: UsageOfLease,
  prices: Prices,
  now: Date,
): Promise<void> {
  const ancestors = await lockAncestors(tx, taskId);
  const task = ancestors.at(-1);
  if (task?.lease_id !== leaseId || task.usage !== null) return;
  const { account_id, billed_key_id, resources } = task;
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
      account_id,
      billed_key_id,
      vcpu_seconds: vcpuSeconds,
      gb_seconds: gbSeconds,
      cost_nano_usd: nanoUsd,
    })
    .execute();
  await addUsed(tx, ancestors, { tokens: 0, nanoUsd, calls: 0 }, now);
}
