// What the tasks of keys used by the UTC day: written with every row of model_calls and compute, so that it is always
// their sum, and read where a key has limits.
import { sql } from 'kysely';
import type { Db, Tx } from '../../db/tables.ts';
import { dayOf, monthOf } from '../../lib/utc-days.ts';
import type { Amounts, Spent } from './budget.ts';

/** Adds what a task of the key used to the day of every key that this one descends from, itself included. */
export async function addSpend(
  tx: Tx,
  keyId: string,
  { nanoUsd, tokens }: Pick<Amounts, 'nanoUsd' | 'tokens'>,
  now: Date,
): Promise<void> {
  // In the order of the ids, as lockSpend does, so that nobody waits for each other.
  await sql`
    with recursive line as (
      select id, caller_key_id, task_id from keys where id = ${keyId}
      union all
      select keys.id, keys.caller_key_id, keys.task_id from line join keys on keys.id = line.caller_key_id
    )
    insert into spend (key_id, day, nano_usd, tokens)
    select id, ${dayOf(now)}::date, ${nanoUsd}::bigint, ${tokens}::bigint
    from line where task_id is null order by id
    on conflict (key_id, day) do update
    set nano_usd = spend.nano_usd + excluded.nano_usd, tokens = spend.tokens + excluded.tokens`.execute(tx);
}

/** Until the transaction ends nothing is spent with these keys. */
export async function lockSpend(tx: Tx, keyIds: readonly string[], now: Date): Promise<void> {
  const day = dayOf(now);
  await sql`
    insert into spend (key_id, day, nano_usd, tokens)
    select id, ${day}::date, 0, 0 from unnest(${keyIds}::uuid[]) as id order by id
    on conflict do nothing`.execute(tx);
  await sql`
    select from spend where key_id = any(${keyIds}::uuid[]) and day = ${day}::date
    order by key_id for no key update`.execute(tx);
}

/** Of the UTC day and month of `now`. */
export async function spentWith(
  db: Db,
  keyIds: readonly string[],
  now: Date,
): Promise<(keyId: string) => Spent> {
  const day = dayOf(now);
  const { rows } = await sql<Spent & { key_id: string }>`
    select key_id, sum(nano_usd)::bigint as "nanoUsdThisMonth",
      coalesce(sum(nano_usd) filter (where day = ${day}::date), 0)::bigint as "nanoUsdToday",
      coalesce(sum(tokens) filter (where day = ${day}::date), 0)::bigint as "tokensToday"
    from spend where key_id = any(${keyIds}::uuid[]) and day between ${monthOf(now)}::date and ${day}::date
    group by key_id`.execute(db);
  const byKey = new Map(rows.map(({ key_id, ...spent }) => [key_id, spent]));
  return (keyId) => byKey.get(keyId) ?? { nanoUsdToday: 0, nanoUsdThisMonth: 0, tokensToday: 0 };
}
