// Accepts a task in one transaction: its row, its first event and its place in the queue; one that an agent starts
// under its parent's deadline and budget. Called by accept.ts.
import { sql } from 'kysely';
import { timeIn } from '../../db/database-clock.ts';
import { storableJson, storableText } from '../../db/storable.ts';
import type { Store } from '../../db/store.ts';
import type { StoredFile, Tx } from '../../db/tables.ts';
import { changeTasks, noteChange } from '../../db/task-changes.ts';
import { statusIn } from '../../db/task-conditions.ts';
import { notify } from '../../db/telling.ts';
import type { Budget } from '../../protocol/budget.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { Lineage } from '../../protocol/key.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { Resources } from '../../protocol/resources.ts';
import type { ScopeGrant } from '../../protocol/scope.ts';
import { isTerminal, UNFINISHED } from '../../protocol/statuses.ts';
import type { Task } from '../../protocol/task.ts';
import { boundsOfTasks } from '../spending/bounds.ts';
import { firstExhausted } from '../spending/budget.ts';
import { lockAncestors } from '../spending/sums.ts';
import { appendEvents } from './events.ts';
import { toTask } from './rows.ts';

export interface NewTask {
  id: string;
  accountId: string;
  keyId: string;
  /** The key that pays for it: the one that posted the first task of its chain. */
  billedKeyId: string;
  /** The task whose agent posted it; null when no task did. */
  parentTaskId: string | null;
  instruction: string;
  scopes: ScopeGrant;
  timeoutMs: number;
  model: string;
  /** Asked in this order when that one cannot answer. */
  fallbackModels: readonly string[];
  resources: Resources;
  budget: Budget | null;
  metadata: Record<string, string>;
  /** Their blobs are announced and stored; `admit` has to take them. */
  files: StoredFile[];
  /** Hears of its events, besides the account's endpoints. */
  webhookUrl?: string | null;
  /** The W3C traceparent it was posted with, when that is sound. */
  traceParent?: string | null;
}

/**
 * Accepts a task: its row, its first event and its place in the queue are there together or not at all. One with a
 * parent gets no more time than that one has left.
 * @param admit checks in the same transaction that the task may be, and takes its files; what it throws refuses it
 */
export async function createTask(
  store: Store,
  task: NewTask,
  admit: (tx: Tx) => Promise<void> = async () => {},
): Promise<Task> {
  return changeTasks(store, async (tx) => {
    const place = task.parentTaskId === null ? null : await placeBelow(store, tx, task.parentTaskId);
    await admit(tx);
    const row = await tx
      .insertInto('tasks')
      .values({
        id: task.id,
        account_id: task.accountId,
        key_id: task.keyId,
        billed_key_id: task.billedKeyId,
        parent_task_id: task.parentTaskId,
        status: 'queued',
        instruction: storableText(task.instruction),
        scopes: storableJson(task.scopes),
        depth: place?.depth ?? 1,
        timeout_ms: Math.min(task.timeoutMs, place?.timeoutMs ?? task.timeoutMs),
        model: storableText(task.model),
        fallback_models: task.fallbackModels.map(storableText),
        resources: storableJson(task.resources),
        budget: task.budget && storableJson(task.budget),
        files: storableJson(task.files),
        metadata: storableJson(task.metadata),
        webhook_url: task.webhookUrl ?? null,
        trace_parent: task.traceParent ?? null,
        // The database's own time: pg-boss orders by it, so that createdAt tells the order of the queue.
        created_at: sql<Date>`date_trunc('milliseconds', now())`,
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    await appendEvents(tx, row, [{ type: 'status', status: 'queued', phase: null, error: null }], row.created_at);
    await store.queue.send(tx, task.id);
    await notify(tx, 'queue');
    noteChange(tx, 'accepted', row);
    return toTask(row);
  });
}

/**
 * The depth of a task that the parent's agent starts, and the most time that it may have. Locks the parent and its
 * ancestors, so that none of them ends without its new child.
 * @throws SeedError key_revoked, too_deep or budget_exceeded
 */
async function placeBelow(store: Pick<Store, 'time'>, tx: Tx, parentTaskId: string) {
  const ancestors = await lockAncestors(tx, parentTaskId);
  const now = await timeIn(store, tx);
  const parent = ancestors.at(-1);
  const left = (parent?.deadline?.getTime() ?? 0) - now.getTime();
  if (!parent || isTerminal(parent.status) || left <= 0)
    throw new SeedError('key_revoked', `the task ${parentTaskId}, which this key belongs to, has ended`);
  if (parent.depth >= LIMITS.taskDepth)
    throw new SeedError(
      'too_deep',
      `this task is ${LIMITS.taskDepth} deep and cannot start another: it was started by one that another one started`,
      { hint: 'Do the work here, or give it back to the task above in the answer.' },
    );
  const exhausted = firstExhausted(boundsOfTasks(ancestors));
  if (exhausted)
    throw new SeedError('budget_exceeded', `this task is out of budget: ${exhausted.says}`, {
      hint: 'It cannot start tasks any more: they would take from the same budget.',
    });
  return { depth: parent.depth + 1, timeoutMs: left };
}

/** Asked in the transaction that accepts a task. @throws SeedError too_many_tasks when a key may not have it */
export async function refuseTooManyTasks(tx: Tx, lineage: Lineage): Promise<void> {
  // From the root on, so that two callers that descend from one key lock in the same order.
  for (const { id, name, concurrentTasks } of lineage.toReversed()) {
    if (concurrentTasks === null || (await lockAndCountTasks(tx, id)) < concurrentTasks) continue;
    throw new SeedError(
      'too_many_tasks',
      `the key "${name}" has ${concurrentTasks} unfinished tasks, and may not have more`,
      { hint: 'Wait until one has ended, or stop one.' },
    );
  }
}

/**
 * Counts, too, what the key's tasks and the keys they made have started: from the unfinished tasks up, which are
 * few. The key's row stays locked, so that tasks posted at once cannot pass its limit together.
 */
async function lockAndCountTasks(tx: Tx, keyId: string): Promise<number> {
  await tx.selectFrom('keys').select('id').where('id', '=', keyId).forNoKeyUpdate().execute();
  const { rows } = await sql<{ count: number }>`
    with recursive unfinished as (
      select key_id as id, count(*) as tasks from tasks
      where account_id = (select account_id from keys where id = ${keyId}) and ${statusIn(UNFINISHED)}
      group by key_id
    ), ancestors as (
      select id, tasks from unfinished
      union all
      select keys.caller_key_id, ancestors.tasks from ancestors join keys on keys.id = ancestors.id
      where keys.caller_key_id is not null
    )
    select coalesce(sum(tasks), 0)::bigint as count from ancestors where id = ${keyId}`.execute(tx);
  return rows[0]?.count ?? 0;
}
