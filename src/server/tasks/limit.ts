// How many tasks of a key are queued or running, counted under a lock so that tasks posted at once cannot pass its
// limit together. Called while a task is accepted.
import { sql } from 'kysely';
import type { Tx } from '../../db/tables.ts';

/**
 * The key's row stays locked until the transaction ends. Counts, too, what its tasks and the keys they made have started:
 * from the unfinished tasks up, which are few, and not from the key down.
 */
export async function lockAndCountTasks(tx: Tx, keyId: string): Promise<number> {
  await tx.selectFrom('keys').select('id').where('id', '=', keyId).forNoKeyUpdate().execute();
  const { rows } = await sql<{ count: number }>`
    with recursive unfinished as (
      select key_id as id, count(*) as tasks from tasks
      where account_id = (select account_id from keys where id = ${keyId})
        and status in ('queued', 'running', 'waiting_for_approval')
      group by key_id
    ), line as (
      select id, tasks from unfinished
      union all
      select keys.caller_key_id, line.tasks from line join keys on keys.id = line.id
      where keys.caller_key_id is not null
    )
    select coalesce(sum(tasks), 0)::bigint as count from line where id = ${keyId}`.execute(tx);
  return rows[0]?.count ?? 0;
}
