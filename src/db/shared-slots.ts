// Slots (lib/counted-slots.ts) that all processes take from one number, as rows that lapse: for processes of which
// each may be killed behind any answer. Used by function.ts.
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { type CountedSlots, once } from '../lib/counted-slots.ts';
import type { Logger } from '../lib/log.ts';
import { ADVISORY_LOCKS } from './advisory-locks.ts';
import type { Store } from './store.ts';

/** What a process that died had taken is free again after so long. */
const LAPSE_SECONDS = 60;
const RENEW_MS = 15_000;
const HOUR_MS = 3_600_000;

/**
 * A database that is away for longer than a slot lasts has it taken by others, too, until one of both is given
 * back. Throws SeedError `unavailable` where none can be taken because of it.
 */
export function shareSlots(store: Store, log: Logger): CountedSlots {
  const held = new Set<string>();
  const lapsesAt = () => sql<Date>`${store.time()} + ${LAPSE_SECONDS} * interval '1 second'`;
  const renewing = { everyMs: RENEW_MS, name: 'renew the slots that are taken', log };
  store.loops.every(renewing, async () => {
    if (held.size === 0) return;
    await sql`update shared_slots set lapses_at = ${lapsesAt()} where id = any(${[...held]}::uuid[])`.execute(
      store.db,
    );
  });
  const pruning = { everyMs: HOUR_MS, name: 'forget slots that have lapsed', log };
  store.loops.every(pruning, () =>
    sql`delete from shared_slots where lapses_at < ${store.time()}`.execute(store.longRunning),
  );
  const giveBack = (id: string) => {
    held.delete(id);
    // Where it cannot be given back it lapses.
    const gone = sql`delete from shared_slots where id = ${id}`.execute(store.db).catch(() => undefined);
    store.loops.keep(gone);
  };
  return {
    async take(name, most) {
      const id = randomUUID();
      const isTaken = await store.db.transaction().execute(async (tx) => {
        const lock = ADVISORY_LOCKS.sharedSlots;
        await sql`select pg_advisory_xact_lock(${lock}::int, hashtext(${name}))`.execute(tx);
        const { rows } = await sql`
          insert into shared_slots (id, name, lapses_at)
          select ${id}, ${name}, ${lapsesAt()}
          where ${most} > (
            select count(*) from shared_slots where name = ${name} and lapses_at > ${store.time()}
          )
          returning id`.execute(tx);
        return rows.length > 0;
      });
      if (!isTaken) return null;
      held.add(id);
      return once(() => giveBack(id));
    },
  };
}
