// When keys were last used. Written in batches by server/access/key-use.ts.
import { sql } from 'kysely';
import type { Db } from '../../db/tables.ts';

/** Keeps the later of what is there and what is given, so that several servers may write. */
export async function saveKeyUses(db: Db, uses: ReadonlyMap<string, Date>): Promise<void> {
  if (uses.size === 0) return;
  const ids = [...uses.keys()];
  const times = [...uses.values()].map((time) => time.toISOString());
  // Locked in the order of their ids, so that two servers never wait for each other.
  await sql`
    with used as (
      select * from unnest(${ids}::uuid[], ${times}::timestamptz[]) as used (id, at)
    ), locked as (
      select keys.id, used.at from keys join used on used.id = keys.id
      order by keys.id for no key update of keys
    )
    update keys set last_used_at = greatest(last_used_at, locked.at) from locked where keys.id = locked.id
  `.execute(db);
}
