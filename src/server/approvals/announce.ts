// Tells of an approval that is asked for or over: the task's transcript, the account's webhooks, whoever
// waits, and the rows of the call in the ledger. Called in the transaction that changes its row.
import type { ApprovalRow, Tx } from '../../db/tables.ts';
import type { TaskTx } from '../../db/task-changes.ts';
import { notify } from '../../db/telling.ts';
import type { Raise } from '../../protocol/budget.ts';
import { ERROR_STATUS, type ErrorCode } from '../../protocol/errors.ts';
import type { ServerEvent } from '../../protocol/event.ts';
import { emitEvent } from '../webhooks/events.ts';

/** What approvals need of tasks, given when the server is put together. */
export interface TasksOfApprovals {
  /** Locks the rows of the task and of those above it. Null: it has ended. */
  lock(tx: Tx, taskId: string): Promise<{ webhookUrl: string | null } | null>;
  /** Raises what is locked: the budget of a task or of one above it, or a key's limit. Answers what holds now. */
  raise(tx: Tx, raise: Raise): Promise<number>;
  /** Writes into the transcript, unless the task has ended. */
  tell(tx: Tx, taskId: string, event: ServerEvent, now: Date): Promise<void>;
  /** Until when people may decide on what the task asks for now. */
  expiry(tx: Tx, taskId: string, now: Date): Promise<Date>;
  /** Ends the task on which nobody has decided, where it is to end so. */
  endUndecided(tx: TaskTx, taskId: string, now: Date): Promise<unknown>;
}

interface Told {
  /** The URL of the task, which hears of its events. */
  webhookUrl: string | null;
  decider: string | null;
  now: Date;
}

/** @param tell null: the task has ended, and its last event is the end */
export async function announce(
  tx: Tx,
  row: ApprovalRow,
  { webhookUrl, decider, now }: Told,
  tell: TasksOfApprovals['tell'] | null,
): Promise<void> {
  const { id, state, command, summary, reason, message } = row;
  const event = { type: 'approval', approvalId: id, state, command, summary, reason, message } as const;
  if (row.task_id !== null) await tell?.(tx, row.task_id, { ...event, decidedBy: decider }, now);
  const type = state === 'pending' ? 'task.approval_requested' : 'task.approval_decided';
  await emitEvent(tx, { accountId: row.account_id, type, data: dataOf(row, decider), url: webhookUrl }, now);
  await notify(tx, `approval:${id}`);
  await notify(tx, 'approvals');
}

function dataOf(row: ApprovalRow, decider: string | null): Record<string, unknown> {
  const asked = {
    approvalId: row.id,
    taskId: row.task_id,
    keyId: row.key_id,
    kind: row.kind,
    state: row.state,
    command: row.command,
    effect: row.effect,
    scope: row.scope,
    summary: row.summary,
    reason: row.reason,
    requestedAt: row.requested_at.toISOString(),
    expiresAt: row.expires_at.toISOString(),
  };
  if (row.decided_at === null) return asked;
  const decidedBy = row.decided_by && { keyId: row.decided_by, keyName: decider, via: row.decided_via };
  return { ...asked, decidedAt: row.decided_at.toISOString(), decidedBy, message: row.message };
}

/** What became of a call that is not done: in its row of the ledger, which has stood since it was asked about. */
export async function closeLedgerRow(tx: Tx, row: ApprovalRow): Promise<void> {
  if (row.error === null) return;
  await tx
    .updateTable('calls')
    .set({ status: ERROR_STATUS[row.error.code as ErrorCode], code: row.error.code })
    .where('id', '=', row.request_id)
    .where('created_at', '=', row.requested_at)
    .where('status', 'is', null)
    .execute();
}
