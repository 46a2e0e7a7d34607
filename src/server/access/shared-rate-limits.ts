// The limits of rate-limits.ts, counted in the database by all processes together: for processes of which each
// lives for a few requests. Used by function.ts.
import { sql } from 'kysely';
import { timeIn } from '../../db/database-clock.ts';
import type { Store } from '../../db/store.ts';
import { networkOf } from '../../lib/cidr.ts';
import type { Loop } from '../../lib/every.ts';
import type { Logger } from '../../lib/log.ts';
import { type Bucket, type Rate, type Take, takeToken } from '../../lib/token-bucket.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { aMinute, type KeyRates, refuseAttempt, type SignInRates, tightestOf } from './rate-limits.ts';

interface Wanted {
  who: string;
  rate: Rate;
}

export function sharedKeyRates(store: Pick<Store, 'db' | 'time'>): KeyRates {
  return {
    async count(lineage) {
      const limited = lineage.flatMap(({ id, requestsPerMinute: perMinute }) =>
        perMinute === null ? [] : [{ who: `key ${id}`, rate: aMinute(perMinute), perMinute }],
      );
      if (limited.length === 0) return null;
      const taken = await takeTokens(store, limited);
      return tightestOf(limited.map(({ perMinute }, index) => ({ perMinute, ...(taken[index] as Take) })));
    },
  };
}

export function sharedSignInRates(store: Pick<Store, 'db' | 'time'>): SignInRates {
  const rate = aMinute(LIMITS.signInFailuresPerMinute);
  return {
    async attempt(address) {
      const who = `sign-in ${networkOf(address ?? '')}`;
      for (const take of await takeTokens(store, [{ who, rate }])) refuseAttempt(take);
      return () =>
        // Where it cannot be given back it comes back with time.
        void giveBack(store, who, rate).catch(() => undefined);
    },
  };
}

/** One of each, or none at all where one is missing. Locked in one order, so that none waits for ever. */
async function takeTokens(store: Pick<Store, 'db' | 'time'>, wanted: readonly Wanted[]): Promise<Take[]> {
  return store.db.transaction().execute(async (tx) => {
    const whos = wanted.map(({ who }) => who).toSorted();
    const bursts = whos.map((who) => wanted.find((each) => each.who === who)?.rate.burst ?? 0);
    await sql`
      insert into token_buckets (who, tokens, at)
      select who, burst, ${store.time()} from unnest(${whos}::text[], ${bursts}::float8[]) as asked (who, burst)
      order by who on conflict do nothing`.execute(tx);
    const { rows } = await sql<{ who: string; tokens: number; at: Date }>`
      select who, tokens, at from token_buckets where who = any(${whos}) order by who for no key update`.execute(
      tx,
    );
    const nowMs = (await timeIn(store, tx)).getTime();
    const known = new Map<string, Bucket>(
      rows.map(({ who, tokens, at }) => [who, { tokens, atMs: at.getTime() }]),
    );
    const takes = wanted.map(({ who, rate }) => takeToken(known.get(who), rate, nowMs));
    if (takes.every(({ taken }) => taken)) {
      const values = wanted.map(({ who }, index) => ({ who, tokens: takes[index]?.bucket.tokens ?? 0 }));
      await sql`
        update token_buckets set tokens = taken.tokens, at = ${new Date(nowMs)}
        from json_to_recordset(${JSON.stringify(values)}::json) as taken (who text, tokens float8)
        where token_buckets.who = taken.who`.execute(tx);
    }
    return takes;
  });
}

async function giveBack({ db }: Pick<Store, 'db'>, who: string, { burst }: Rate): Promise<void> {
  await sql`update token_buckets set tokens = least(${burst}, tokens + 1) where who = ${who}`.execute(db);
}

const HOUR_MS = 3_600_000;

/** Buckets that are full again by now, whatever their rate, say nothing. */
export function keepTokenBuckets(store: Store, log: Logger): Loop {
  const options = { everyMs: HOUR_MS, atOnce: true, name: 'forget rates that are full again', log };
  return store.loops.every(options, () =>
    sql`delete from token_buckets where at < ${store.time()} - interval '1 hour'`.execute(store.longRunning),
  );
}
