// How many tasks of a key are queued or running, counted under a lock so that tasks posted at once cannot pass its
// limit together. Called while a task is accepted.
import { sql } from 'kysely';
import type { Tx } from './tables.ts';

/** The key's row stays locked until the transaction ends. Tasks that its tasks started count, too. */
export async function lockAndCountTasks(tx: Tx, keyId: string): Promise<number> {
  await tx.selectFrom('keys').select('id').where('id', '=', keyId).forNoKeyUpdate().execute();
  const { rows } = await sql<{ count: number }>`
    with recursive line as (
      select ${keyId}::uuid as id
      union
      select keys.id from line join keys on keys.caller_key_id = line.id where keys.revoked_at is null
    )
    select count(*) as count from tasks
    where key_id in (select id from line) and status in ('queued', 'running', 'waiting_for_approval')
  `.execute(tx);
  return rows[0]?.count ?? 0;
}
