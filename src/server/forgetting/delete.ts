// What `tasks delete` does: finds what goes together, refuses what may not go, and forgets the last first, so that
// one that is cut off is gone on with by the same call.
import { sql } from 'kysely';
import type { Db } from '../../db/tables.ts';
import { SeedError } from '../../protocol/errors.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { isTerminal } from '../../protocol/statuses.ts';
import type { TaskStatus } from '../../protocol/task.ts';
import { noSuchTask } from '../tasks/rows.ts';
import { type ForgetParts, forgetTasks } from './forget.ts';

interface Wanted {
  accountId: string;
  id: string;
  conversation: boolean;
}

interface Found {
  id: string;
  status: TaskStatus;
  forgotten: boolean;
}

/**
 * Forgets the task with those that its agent started, or all of its conversation. Returns how many were forgotten.
 * @throws SeedError not_found, not_ended, still_needed, held; conflict: it is too much for one call
 */
export async function deleteTask(parts: ForgetParts, { accountId, id, conversation }: Wanted): Promise<number> {
  const found = await goingTogether(parts.store.db, { accountId, id, conversation });
  if (found.length === 0) throw noSuchTask(id);
  const left = found.filter(({ forgotten }) => !forgotten);
  const running = left.find(({ status }) => !isTerminal(status));
  if (running)
    throw new SeedError('not_ended', `the task ${running.id} has not ended: it is ${running.status}`, {
      hint: `Wait for its end, or end it first: seed tasks stop ${running.id}`,
    });
  await refuseHeld(parts.store.db, accountId, left);
  let forgotten = 0;
  for (let start = 0; start < left.length; start += LIMITS.forgottenTogether) {
    const taskIds = left.slice(start, start + LIMITS.forgottenTogether).map((task) => task.id);
    forgotten += await forgetTasks(parts, { accountId, taskIds, why: 'delete' });
  }
  return forgotten;
}

/** Before the first of them goes. */
async function refuseHeld(db: Db, accountId: string, tasks: readonly Found[]): Promise<void> {
  const ids = tasks.map(({ id }) => id);
  const { rows } = await sql<{ id: string }>`
    select id from tasks where id = any(${ids}::uuid[]) and is_task_held(id, ${accountId}) limit 1`.execute(db);
  if (rows[0])
    throw new SeedError('held', `a legal hold keeps the task ${rows[0].id}`, {
      hint: 'seed holds list shows which, and why.',
    });
}

/** The task, those below it and, where that is wanted, those of their conversations; the newest first. */
async function goingTogether(db: Db, { accountId, id, conversation }: Wanted): Promise<Found[]> {
  const most = LIMITS.forgottenConversation;
  const { rows } = await sql<Found>`
    with recursive going as (
      select id, coalesce(conversation_id, id) as conversation from tasks
      where account_id = ${accountId} and id = ${id}
      union
      select next.id, coalesce(next.conversation_id, next.id) from going join tasks as next
        on next.account_id = ${accountId} and (
          next.parent_task_id = going.id
          or ${conversation}::boolean and (next.conversation_id = going.conversation or next.id = going.conversation)
        )
    )
    select tasks.id, status, forgotten_at is not null as forgotten
    from (select distinct id from going limit ${most + 1}) as those join tasks using (id)
    order by created_at desc, id desc`.execute(db);
  if (rows.length <= most) return rows;
  throw new SeedError(
    'conflict',
    `more than ${most} tasks go with the task ${id}: that is too much for one call`,
    {
      hint: 'Forget them by their age: seed tasks forget --before 1d',
    },
  );
}

/** Schedules that started one of these and may start another. */
export async function schedulesOf(db: Db, accountId: string, id: string) {
  const { rows } = await sql<{ scheduleId: string; name: string }>`
    select schedules.id as "scheduleId", name from schedule_runs join schedules on schedules.id = schedule_id
    where schedule_runs.id = ${id} and schedules.account_id = ${accountId} and schedules.status <> 'ended'`.execute(
    db,
  );
  return rows;
}
