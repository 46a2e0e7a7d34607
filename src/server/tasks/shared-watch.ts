// How long all processes of a database together have looked for lapsed leases without a gap: none of them lives
// long enough to know by itself. In the place of the watch that a server has in memory (lapse.ts). Used by
// function.ts.
import { sql } from 'kysely';
import type { Store } from '../../db/store.ts';
import type { Watch } from './lapse.ts';

/** A cron that looks every minute may miss one. Longer without a look, and runners may not have been heard. */
const GAP_MS = 150_000;

export function createSharedWatch({ db }: Pick<Store, 'db'>): Watch {
  return {
    async look(now) {
      const gap = sql`${GAP_MS} * interval '1 millisecond'`;
      const { rows } = await sql<{ ms: number }>`
        insert into lease_looks as known (since, last) values (${now}, ${now})
        on conflict (one) do update set last = excluded.last, since = case
          when excluded.last > known.last + ${gap} or excluded.last < known.last - ${gap} then excluded.last
          else known.since end
        returning (extract(epoch from ${now}::timestamptz - since) * 1000)::double precision as ms`.execute(db);
      return Math.max(0, rows[0]?.ms ?? 0);
    },
    missed: () => undefined,
  };
}
