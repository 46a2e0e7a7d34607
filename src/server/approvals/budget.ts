// Approvals of larger budgets and spend limits: asked for by a call of the model that its task's budget, or a
// limit of a key, has no room for, and as good as done when a person says yes (decide.ts). Called by spending/,
// through server.ts.
import { randomUUID } from 'node:crypto';
import { storableJson, storableText } from '../../db/storable.ts';
import type { ApprovalRow, TaskRow, Tx } from '../../db/tables.ts';
import { visibleText } from '../../lib/visible-text.ts';
import type { Raise } from '../../protocol/budget.ts';
import type { Key } from '../../protocol/key.ts';
import { earlier as earlierOf } from '../access/lineage.ts';
import { announce } from './announce.ts';
import type { AskNeeds } from './ask.ts';
import { sealResult } from './rows.ts';

/** The id of the approval to wait for; null: nobody is asked, or not again. */
export async function askForRaise(
  tx: Tx,
  asked: {
    /** Locked, as are those above it. */
    task: TaskRow;
    lineage: readonly Pick<Key, 'id' | 'name'>[];
    raise: Raise;
    why: string;
  },
  now: Date,
  { tasks }: AskNeeds,
): Promise<string | null> {
  const { task, lineage, raise, why } = asked;
  const earlier = await tx
    .selectFrom('approvals')
    .selectAll()
    .where('task_id', '=', task.id)
    .where('kind', '=', 'budget')
    .execute();
  const same = earlier.filter(({ budget }) => budget !== null && isOfSame(budget, raise));
  const pending = same.find(({ state }) => state === 'pending');
  if (pending) return pending.id;
  const said = same.some(({ state, budget }) => state !== 'approved' && (budget?.current ?? 0) >= raise.current);
  const latest = await tasks.expiry(tx, task.id, now);
  // With the day or month the limit begins anew, and nothing is left to ask.
  const expiry = 'keyId' in raise ? (earlierOf(latest, new Date(raise.until)) ?? latest) : latest;
  const key = await tx.selectFrom('keys').select('id').where('task_id', '=', task.id).executeTakeFirst();
  if (said || expiry <= now || key === undefined) return null;
  const row = await tx
    .insertInto('approvals')
    .values({
      id: randomUUID(),
      account_id: task.account_id,
      kind: 'budget',
      state: 'pending',
      key_id: key.id,
      billed_key_id: task.billed_key_id,
      task_id: task.id,
      asking_keys: [key.id, ...lineage.map(({ id }) => id)],
      request_id: randomUUID(),
      budget: storableJson(raise),
      summary: storableText(visibleText(summaryOf(raise, asked))),
      reason: storableText(visibleText(why)),
      requested_at: now,
      expires_at: expiry,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  await announce(tx, row, { webhookUrl: task.webhook_url, decider: null, now }, tasks.tell);
  return row.id;
}

/** Whether it is the same budget, or the same limit in the same day or month. */
function isOfSame(one: Raise, other: Raise): boolean {
  if (one.unit !== other.unit) return false;
  if ('taskId' in one) return 'taskId' in other && one.taskId === other.taskId;
  if ('taskId' in other) return false;
  return one.keyId === other.keyId && one.limit === other.limit && one.until === other.until;
}

function summaryOf(
  raise: Raise,
  { task, lineage }: { task: TaskRow; lineage: readonly Pick<Key, 'id' | 'name'>[] },
): string {
  const change = `from ${raise.current} to ${raise.requested} ${raise.unit}`;
  if ('keyId' in raise) {
    const name = lineage.find(({ id }) => id === raise.keyId)?.name ?? raise.keyId;
    return `Raise ${raise.limit} of the key "${name}" ${change} until ${raise.until}, for all that uses this key`;
  }
  const whose = raise.taskId === task.id ? 'this task' : `the task ${raise.taskId} above it`;
  return `Raise the budget of ${whose} ${change}`;
}

/** Locks the key whose limit a yes raises: before the task, as whoever posts a task does. */
export async function lockRaised(tx: Tx, { budget }: Pick<ApprovalRow, 'budget'>): Promise<void> {
  if (budget === null || 'taskId' in budget) return;
  await tx.selectFrom('keys').select('id').where('id', '=', budget.keyId).forNoKeyUpdate().execute();
}

/** The columns of an approved budget: it is raised in the transaction of the yes, and nothing is left to run. */
export async function raised(tx: Tx, row: ApprovalRow, now: Date, { secretsKey, tasks }: AskNeeds) {
  const { id, budget } = row;
  if (budget === null) return {};
  const holds = await tasks.raise(tx, budget);
  return { ran_at: now, sealed_result: sealResult(id, { budget: holds }, secretsKey) };
}
