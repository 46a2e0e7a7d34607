// Which of what is done seldom has been done lately, for processes that come and go. Used by function.ts.
import { sql } from 'kysely';
import type { ClaimTurn } from '../lib/collected-loops.ts';
import type { Store } from './store.ts';

/** One process gets the turn; one that dies in it has had it. */
export function claimTurnIn({ db, time }: Pick<Store, 'db' | 'time'>): ClaimTurn {
  return async (name, everyMs) => {
    const { rows } = await sql`
      insert into loop_turns as known (name, turned_at) values (${name}, ${time()})
      on conflict (name) do update set turned_at = excluded.turned_at
      where known.turned_at <= excluded.turned_at - ${everyMs} * interval '1 millisecond'
      returning name`.execute(db);
    return rows.length > 0;
  };
}
