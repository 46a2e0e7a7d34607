// A person's yes or no: one of them counts, in one transaction with all that tells of it. What was approved is
// then run by whichever server is first (run.ts).
import type { Call } from '../../command/call.ts';
import { timeIn } from '../../db/database-clock.ts';
import { storableJson, storableTextOrNull } from '../../db/storable.ts';
import type { ApprovalRow, Tx } from '../../db/tables.ts';
import { inTransaction } from '../../db/transaction.ts';
import { type Approval, approvalCanBecome } from '../../protocol/approval.ts';
import { SeedError } from '../../protocol/errors.ts';
import { announce, closeLedgerRow, type TasksOfApprovals } from './announce.ts';
import { lockRaised, raised } from './budget.ts';
import { askingOf, refuseDecider } from './four-eyes.ts';
import { findApproval, lockApproval, toApproval } from './rows.ts';

export interface Decision {
  id: string;
  state: 'approved' | 'denied';
  message?: string | undefined;
}

export interface DecideNeeds {
  secretsKey: string;
  tasks: TasksOfApprovals;
}

/** @throws SeedError not_found, not_allowed, or approval_decided: it is not pending any more */
export async function decide(
  { store, actor, via }: Pick<Call, 'store' | 'actor' | 'via'>,
  { id, state, message }: Decision,
  { secretsKey, tasks }: DecideNeeds,
): Promise<Approval> {
  return inTransaction(store.db, async (tx) => {
    const asked = await findApproval(tx, actor.accountId, id);
    const { task_id } = asked;
    await refuseDecider(tx, actor, via, askingOf(asked));
    await lockRaised(tx, asked);
    const task = task_id === null ? null : await tasks.lock(tx, task_id);
    const present = await lockApproval(tx, id);
    const now = await timeIn(store, tx);
    refuseOver(present, state, { hasEnded: task_id !== null && task === null, now });
    const row = await tx
      .updateTable('approvals')
      .set({
        state,
        decided_at: now,
        decided_by: actor.key.id,
        decided_via: via,
        message: storableTextOrNull(message || null),
        ...(state === 'approved' && (await raised(tx, present, now, { secretsKey, tasks }))),
        ...(state === 'denied' && { error: storableJson(denial(message)) }),
      })
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirstOrThrow();
    await closeLedgerRow(tx, row);
    await announce(tx, row, { webhookUrl: task?.webhookUrl ?? null, decider: actor.key.name, now }, tasks.tell);
    return toApproval({ ...row, decider_name: actor.key.name }, { keyId: actor.key.id, secretsKey });
  });
}

function denial(message: string | undefined) {
  const why = message ? `: ${message}` : ', and gave no reason';
  return { code: 'approval_denied', message: `a person said no to the call${why}` };
}

function refuseOver(
  { state, expires_at }: ApprovalRow,
  wanted: Decision['state'],
  { hasEnded, now }: { hasEnded: boolean; now: Date },
): void {
  const hint = 'Nothing was changed. The approval tells what became of it.';
  if (!approvalCanBecome(state, wanted))
    throw new SeedError('approval_decided', `it is ${state} already`, { hint });
  if (hasEnded)
    throw new SeedError('approval_decided', 'its task has ended, and nothing is done any more', { hint });
  if (expires_at <= now) throw new SeedError('approval_decided', 'its time is over: it has expired', { hint });
}

/** What the call of an approval ends as, when it has run or turned out not to. Called by run.ts. */
export async function settleRun(
  tx: Tx,
  { id }: Pick<ApprovalRow, 'id'>,
  outcome: Pick<ApprovalRow, 'state' | 'ran_at' | 'sealed_result' | 'error'> & { asked_again?: string },
): Promise<ApprovalRow | undefined> {
  const { error, ...columns } = outcome;
  return tx
    .updateTable('approvals')
    .set({ ...columns, claimed_until: null, error: error && storableJson(error) })
    .where('id', '=', id)
    .where('state', '=', 'approved')
    .where('ran_at', 'is', null)
    .returningAll()
    .executeTakeFirst();
}
