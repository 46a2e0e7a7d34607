// Approvals of larger budgets: asked for by a call of the model that its task's budget has no room for, and as
// good as done when a person says yes (decide.ts). Called by spending/, through server.ts.
import { randomUUID } from 'node:crypto';
import { storableJson, storableText } from '../../db/storable.ts';
import type { ApprovalRow, TaskRow, Tx } from '../../db/tables.ts';
import { visibleText } from '../../lib/visible-text.ts';
import type { Key } from '../../protocol/key.ts';
import { announce } from './announce.ts';
import type { AskNeeds } from './ask.ts';
import { sealResult } from './rows.ts';

/** The id of the approval to wait for; null: nobody is asked, or not again. */
export async function askForRaise(
  tx: Tx,
  asked: {
    /** Locked, as are those above it. */
    task: TaskRow;
    lineage: readonly Pick<Key, 'id'>[];
    current: number;
    /** Whose budget, and what it is to be at least. */
    raise: { taskId: string; unit: 'tokens' | 'usd' | 'calls'; to: number };
    why: string;
  },
  now: Date,
  { tasks }: AskNeeds,
): Promise<string | null> {
  const { task, lineage, current, raise, why } = asked;
  const earlier = await tx
    .selectFrom('approvals')
    .selectAll()
    .where('task_id', '=', task.id)
    .where('kind', '=', 'budget')
    .execute();
  const same = earlier.filter(({ budget }) => budget?.taskId === raise.taskId && budget?.unit === raise.unit);
  const pending = same.find(({ state }) => state === 'pending');
  if (pending) return pending.id;
  const said = same.some(({ state, budget }) => state !== 'approved' && (budget?.current ?? 0) >= current);
  const expiry = await tasks.expiry(tx, task.id, now);
  const key = await tx.selectFrom('keys').select('id').where('task_id', '=', task.id).executeTakeFirst();
  if (said || expiry <= now || key === undefined) return null;
  const whose = raise.taskId === task.id ? 'this task' : `the task ${raise.taskId} above it`;
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
      budget: storableJson({ taskId: raise.taskId, current, requested: raise.to, unit: raise.unit }),
      summary: `Raise the budget of ${whose} from ${current} to ${raise.to} ${raise.unit}`,
      reason: storableText(visibleText(why)),
      requested_at: now,
      expires_at: expiry,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  await announce(tx, row, { webhookUrl: task.webhook_url, decider: null, now }, tasks.tell);
  return row.id;
}

/** The columns of an approved budget: it is raised in the transaction of the yes, and nothing is left to run. */
export async function raised(tx: Tx, row: ApprovalRow, now: Date, { secretsKey, tasks }: AskNeeds) {
  const { id, budget } = row;
  if (budget === null) return {};
  await tasks.raise(tx, { taskId: budget.taskId, unit: budget.unit, to: budget.requested });
  return { ran_at: now, sealed_result: sealResult(id, { budget: budget.requested }, secretsKey) };
}
