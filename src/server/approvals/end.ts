// How a pending approval ends without a decision: nobody decides in time, or its task ends.
import { sql } from 'kysely';
import { timeIn } from '../../db/database-clock.ts';
import { storableJson } from '../../db/storable.ts';
import type { Store } from '../../db/store.ts';
import type { ApprovalRow, Tx } from '../../db/tables.ts';
import { changeTasks } from '../../db/task-changes.ts';
import { announce, closeLedgerRow, type TasksOfApprovals } from './announce.ts';
import { lockApproval } from './rows.ts';

/** So many expire in one turn. */
const AT_ONCE = 100;

/** Those whose time is over. @returns how many there were, at most AT_ONCE */
export async function expireDue(store: Store, tasks: TasksOfApprovals): Promise<number> {
  const due = await store.db
    .selectFrom('approvals')
    .select(['id', 'task_id'])
    .where('state', '=', 'pending')
    .where('expires_at', '<=', store.clock.now())
    .orderBy('expires_at')
    .limit(AT_ONCE)
    .execute();
  for (const { id, task_id } of due) {
    await changeTasks(store, async (tx) => {
      const task = task_id === null ? null : await tasks.lock(tx, task_id);
      const { state, expires_at } = await lockApproval(tx, id);
      const now = await timeIn(store, tx);
      if (state !== 'pending' || expires_at > now) return;
      const error = {
        code: 'approval_expired',
        message: 'nobody decided on the call in time, which is no denial: nothing was done',
      };
      const row = await tx
        .updateTable('approvals')
        .set({ state: 'expired', decided_at: now, error: storableJson(error) })
        .where('id', '=', id)
        .returningAll()
        .executeTakeFirstOrThrow();
      await closeLedgerRow(tx, row);
      const told = { webhookUrl: task?.webhookUrl ?? null, decider: null, now };
      await announce(tx, row, told, task && tasks.tell);
      if (task && task_id !== null) await tasks.endUndecided(tx, task_id, now);
    });
  }
  return due.length;
}

/**
 * Cancels what the task's agent still waits for. Called in the transaction in which the task ends, which has
 * locked its row. @param task its id, and where its events are posted to
 */
export async function cancelApprovalsOf(
  tx: Tx,
  { id, webhook_url }: { id: string; webhook_url: string | null },
  now: Date,
): Promise<void> {
  const error = { code: 'approval_decided', message: 'its task ended before anybody decided: nothing was done' };
  const { rows } = await sql<ApprovalRow>`
    update approvals set state = 'cancelled', decided_at = ${now}, error = ${storableJson(error)}::jsonb
    where task_id = ${id} and state = 'pending' returning *`.execute(tx);
  for (const row of rows) {
    await closeLedgerRow(tx, row);
    await announce(tx, row, { webhookUrl: webhook_url, decider: null, now }, null);
  }
}
