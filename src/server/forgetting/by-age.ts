// Forgets what ended before a time: what `tasks forget` and an account's retention do, in batches that are whole
// each, so that one that is cut off has done what it has done, and the next goes on.
import { type RawBuilder, sql } from 'kysely';
import type { Db } from '../../db/tables.ts';
import { SeedError } from '../../protocol/errors.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { type ForgetParts, forgetTasks, type Why } from './forget.ts';

export interface ByAge {
  accountId: string;
  before: Date;
  why: Exclude<Why, 'delete'>;
}

/** The condition on `tasks`: ended before the time, not forgotten; by retention also not to be gone on from. */
function old({ accountId, before, why }: ByAge): RawBuilder<boolean> {
  // Whoever asked for a workspace to be kept goes on from it until then.
  const kept = why === 'retention' ? sql`and (workspace is null or workspace_until < now())` : sql``;
  return sql`account_id = ${accountId} and completed_at < ${before} and forgotten_at is null ${kept}`;
}

/** Whether a later task of the conversation goes on from it, or from one behind it, and stays. */
const needed = (before: Date) => sql<boolean>`exists (
  select from tasks as later
  where later.conversation_id = coalesce(tasks.conversation_id, tasks.id) and later.created_at > tasks.created_at
    and later.forgotten_at is null
    and (later.completed_at is null or later.completed_at >= ${before} or is_task_held(later.id, later.account_id))
)`;

/** Forgets up to `most` of them, and returns how many. */
export async function forgetOld(parts: ForgetParts, wanted: ByAge, most: number): Promise<number> {
  const { accountId, before, why } = wanted;
  let forgotten = 0;
  while (forgotten < most) {
    const limit = Math.min(LIMITS.forgottenTogether, most - forgotten);
    // The newest of a conversation first: at no time is there a task that lacks what it goes on from.
    const { rows } = await sql<{ id: string }>`
      select id from tasks where ${old(wanted)} and not is_task_held(id, account_id) and not ${needed(before)}
        and not exists (
          select from tasks as next where next.continues = tasks.id and next.forgotten_at is null
        )
      order by completed_at limit ${limit}`.execute(parts.store.db);
    if (rows.length === 0) return forgotten;
    const count = await forgetEach(parts, { accountId, taskIds: rows.map(({ id }) => id), why });
    // What is refused at this moment is left for the next time.
    if (count === 0) return forgotten;
    forgotten += count;
  }
  return forgotten;
}

/** Together; where one of them may not go, one by one without that. */
async function forgetEach(parts: ForgetParts, wanted: Parameters<typeof forgetTasks>[1]): Promise<number> {
  try {
    return await forgetTasks(parts, wanted);
  } catch (error) {
    if (!isRefused(error)) throw error;
  }
  let forgotten = 0;
  for (const id of wanted.taskIds) {
    forgotten += await forgetTasks(parts, { ...wanted, taskIds: [id] }).catch((error) => {
      if (isRefused(error)) return 0;
      throw error;
    });
  }
  return forgotten;
}

const isRefused = (error: unknown) =>
  error instanceof SeedError && ['held', 'not_ended', 'still_needed'].includes(error.code);

/** How many it would be, and how many stay although they are old enough: counted up to a limit. */
export async function countOld(db: Db, wanted: ByAge) {
  const { rows } = await sql<{ left: number; held: number; needed: number }>`
    select count(*) filter (where not held and not needed) as left, count(*) filter (where held) as held,
      count(*) filter (where needed and not held) as needed
    from (
      select is_task_held(id, account_id) as held, ${needed(wanted.before)} as needed
      from tasks where ${old(wanted)} order by completed_at limit ${LIMITS.forgottenConversation}
    ) as old`.execute(db);
  return rows[0] ?? { left: 0, held: 0, needed: 0 };
}
