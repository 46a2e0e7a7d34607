// Forgets tasks: a transaction for some of them, in which their content goes and their rows stay, and the removal
// of their bytes behind it. What a crash leaves in between is removed by the care for blobs. Called by delete.ts
// and by-age.ts.
import { sql } from 'kysely';
import { timeIn } from '../../db/database-clock.ts';
import type { Store } from '../../db/store.ts';
import type { TaskRow, Tx } from '../../db/tables.ts';
import { inTransaction } from '../../db/transaction.ts';
import { SeedError } from '../../protocol/errors.ts';
import { isTerminal } from '../../protocol/statuses.ts';
import type { KeptBlobs } from '../files/blobs.ts';
import { emitEvent } from '../webhooks/events.ts';
import { eraseContent } from './erase.ts';

export interface ForgetParts {
  store: Pick<Store, 'db' | 'time' | 'caches'>;
  blobs: Pick<KeptBlobs, 'remove'>;
}

/** What it is done for: a call that names the tasks, one that gives an age, or the account's retention. */
export type Why = 'delete' | 'forget' | 'retention';

interface Wanted {
  accountId: string;
  /** At most LIMITS.forgottenTogether. */
  taskIds: readonly string[];
  why: Why;
}

type Locked = Pick<
  TaskRow,
  'id' | 'status' | 'created_at' | 'conversation_id' | 'workspace' | 'files' | 'artifacts' | 'forgotten_at'
> & { held: boolean };

/**
 * Forgets the tasks together, or none of them. Those that are forgotten already stay so. Returns how many were.
 * @throws SeedError not_ended, held; still_needed: a later task that is none of these goes on from one
 */
export async function forgetTasks({ store, blobs }: ForgetParts, wanted: Wanted): Promise<number> {
  const { count, unused } = await inTransaction(store.db, async (tx) => {
    const tasks = await lock(tx, wanted);
    const taskIds = tasks.map(({ id }) => id);
    if (taskIds.length === 0) return { count: 0, unused: [] };
    for (const task of tasks) refuse(task);
    await refuseNeeded(tx, wanted.accountId, tasks);
    const now = await timeIn(store, tx);
    const since = new Date(Math.min(...tasks.map(({ created_at }) => created_at.getTime())));
    await endOwnDeliveries(tx, taskIds, now);
    await eraseContent(tx, { taskIds, since });
    await emptySchedules(tx, taskIds);
    await tx.updateTable('tasks').set({ forgotten_at: now }).where('id', 'in', taskIds).execute();
    await emptyBatches(tx, taskIds);
    const unused = await letGoOfBlobs(tx, tasks);
    const data = { taskIds, why: wanted.why };
    await emitEvent(tx, { accountId: wanted.accountId, type: 'task.forgotten', data }, now);
    return { count: taskIds.length, unused };
  });
  store.caches.forget('ended tasks');
  await blobs.remove(unused);
  return count;
}

/** With the account's row, which whoever places a hold changes: a hold is there before, or waits for the end. */
async function lock(tx: Tx, { accountId, taskIds }: Wanted): Promise<Locked[]> {
  await sql`select from accounts where id = ${accountId} for share`.execute(tx);
  const { rows } = await sql<Locked>`
    select id, status, created_at, conversation_id, workspace, files, artifacts, forgotten_at,
      is_task_held(id, account_id) as held
    from tasks where account_id = ${accountId} and id = any(${taskIds}::uuid[]) and forgotten_at is null
    order by id for no key update`.execute(tx);
  return rows;
}

function refuse({ id, status, held }: Locked): void {
  if (held)
    throw new SeedError('held', `a legal hold keeps the task ${id}`, {
      hint: 'seed holds list shows which, and why.',
    });
  if (!isTerminal(status))
    throw new SeedError('not_ended', `the task ${id} has not ended: it is ${status}`, {
      hint: `Wait for its end, or end it first: seed tasks stop ${id}`,
    });
}

/** A call that a person has approved is run by the server, also behind the task's end. */
async function refuseNeeded(tx: Tx, accountId: string, tasks: readonly Locked[]): Promise<void> {
  const ids = tasks.map(({ id }) => id);
  const { rows: approved } = await sql<{ task_id: string }>`
    select task_id from approvals where task_id = any(${ids}::uuid[])
      and (state = 'pending' or state = 'approved' and ran_at is null and kind = 'command') limit 1`.execute(tx);
  if (approved[0])
    throw new SeedError('not_ended', `an approved call of the task ${approved[0].task_id} is still to be run`, {
      hint: 'Try again in a moment.',
    });
  const { rows } = await sql<{ id: string; before: string }>`
    select later.id, tasks.id as before from tasks join tasks as later
      on later.conversation_id = coalesce(tasks.conversation_id, tasks.id) and later.created_at > tasks.created_at
    where tasks.id = any(${ids}::uuid[]) and later.account_id = ${accountId} and later.forgotten_at is null
      and later.id <> all(${ids}::uuid[]) limit 1`.execute(tx);
  if (rows[0])
    throw new SeedError('still_needed', `the task ${rows[0].id} goes on from ${rows[0].before}, and needs it`, {
      hint: `Forget the whole conversation: seed tasks delete ${rows[0].before} --conversation`,
    });
}

/** What is still to be sent to a URL that the task brought: it goes with the task. */
async function endOwnDeliveries(tx: Tx, taskIds: readonly string[], now: Date): Promise<void> {
  await sql`
    update webhook_deliveries set status = 'failed', next_attempt_at = null, claim_id = null, completed_at = ${now}
    where endpoint_id is null and status = 'pending' and event_id in (
      select id from webhook_events where data->>'taskId' = any(${taskIds}::text[])
    )`.execute(tx);
}

/** One that started such a task once, and never starts another, says what the task said. */
async function emptySchedules(tx: Tx, taskIds: readonly string[]): Promise<void> {
  await sql`
    update schedules set input = '{}', pause_reason = null where status = 'ended' and id in (
      select schedule_id from schedule_runs where id = any(${taskIds}::uuid[])
    )`.execute(tx);
}

/** What batches that have ended were made with, once no task of theirs is remembered, and rows without a task. */
async function emptyBatches(tx: Tx, taskIds: readonly string[]): Promise<void> {
  const { rows } = await sql<{ id: string }>`
    update batches set name = 'forgotten', task = '{}', fills = '{}', columns = '{}', notes = '{}', source = null,
      pause_reason = null, note = null
    where completed_at is not null
      and id in (select batch_id from tasks where id = any(${taskIds}::uuid[]) and batch_id is not null)
      and not exists (select from tasks where batch_id = batches.id and forgotten_at is null)
    returning id`.execute(tx);
  if (rows.length === 0) return;
  const ids = rows.map(({ id }) => id);
  await sql`update batch_rows set input = '{}', error = null where batch_id = any(${ids}::uuid[])`.execute(tx);
}

/** Marks those that no task has any more, as to be removed at once, and returns them. */
async function letGoOfBlobs(tx: Tx, tasks: readonly Locked[]): Promise<string[]> {
  const workspaces = tasks.flatMap(({ workspace }) => workspace?.blobId ?? []);
  const ids = tasks.map(({ id }) => id);
  await sql`select from blobs where id = any(${workspaces}::uuid[]) order by id for update`.execute(tx);
  // Files that a later task was given again are that one's.
  const { rows } = await sql<{ id: string }>`
    update blobs set unused_since = '-infinity'
    where (task_id = any(${ids}::uuid[]) or id = any(${workspaces}::uuid[])) and not exists (
      select from tasks where workspace is not null and workspace->>'blobId' = blobs.id::text
    )
    returning id`.execute(tx);
  return rows.map(({ id }) => id);
}

const LATE_MS = 2 * 3_600_000;
const LATE_BATCH = 500;

/**
 * Erases once more what was forgotten within two hours: the outcome of a call that was under way at a task's end
 * is written behind that. Returns how many tasks it looked at.
 */
export async function eraseLate(store: Pick<Store, 'db' | 'clock'>): Promise<number> {
  const from = new Date(store.clock.now().getTime() - LATE_MS);
  let looked = 0;
  for (let last = from, count = LATE_BATCH; count === LATE_BATCH; looked += count) {
    const tasks = await store.db
      .selectFrom('tasks')
      .select(['id', 'created_at', 'forgotten_at'])
      .where('forgotten_at', '>', last)
      .orderBy('forgotten_at')
      .limit(LATE_BATCH)
      .execute();
    count = tasks.length;
    last = tasks.at(-1)?.forgotten_at ?? last;
    if (count === 0) break;
    const since = new Date(Math.min(...tasks.map(({ created_at }) => created_at.getTime())));
    await store.db.transaction().execute((tx) => eraseContent(tx, { taskIds: tasks.map(({ id }) => id), since }));
  }
  return looked;
}
