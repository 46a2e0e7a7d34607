// What tasks and keys have used. A task is charged to itself and to its ancestors, the tasks whose agents started
// it, and by the UTC day to its key and to those that this key descends from; every row of model_calls and compute
// changes these sums with it. Whoever locks several tasks locks them by depth, then by id: no two can deadlock.
import { type RawBuilder, sql } from 'kysely';
import type { Db, TaskRow, Tx } from '../../db/tables.ts';
import { computeCost, type Prices } from '../../lib/money.ts';
import { dayOf, monthOf } from '../../lib/utc-days.ts';
import type { Usage } from '../../protocol/resources.ts';
import type { Amounts, Spent } from './budget.ts';

/** Locks the task and its ancestors until the transaction ends, the topmost first; empty without such a task. */
export async function lockAncestors(tx: Tx, taskId: string): Promise<TaskRow[]> {
  const { rows } = await sql<TaskRow>`
    with recursive ancestors as (
      select id, parent_task_id from tasks where id = ${taskId}
      union all
      select tasks.id, tasks.parent_task_id from ancestors join tasks on tasks.id = ancestors.parent_task_id
    )
    select tasks.* from tasks where id in (select id from ancestors) order by depth for no key update`.execute(tx);
  return rows;
}

/**
 * Adds what a task used to the sums of all that it counts for.
 * @param ancestors of the task, itself the last, locked in this transaction; nothing is added without one
 */
export async function addUsed(tx: Tx, ancestors: readonly TaskRow[], amounts: Amounts, now: Date): Promise<void> {
  const task = ancestors.at(-1);
  if (!task) return;
  await addToTasks(tx, ancestors, amounts);
  await addToKeys(tx, task.key_id, amounts, now);
}

async function addToTasks(
  tx: Tx,
  ancestors: readonly TaskRow[],
  { tokens, nanoUsd, calls }: Amounts,
): Promise<void> {
  await tx
    .updateTable('tasks')
    .set((sum) => ({
      used_tokens: sum('used_tokens', '+', tokens),
      used_nano_usd: sum('used_nano_usd', '+', nanoUsd),
      used_calls: sum('used_calls', '+', calls),
    }))
    .where(
      'id',
      'in',
      ancestors.map(({ id }) => id),
    )
    .execute();
}

/** The last that a transaction does: others that spend with the key wait from here to its end. */
function addToKeys(tx: Tx, keyId: string, amounts: Omit<Amounts, 'calls'>, now: Date): Promise<void> {
  const payers = sql`
    with recursive ancestors as (
      select id, caller_key_id, task_id from keys where id = ${keyId}
      union all
      select keys.id, keys.caller_key_id, keys.task_id from ancestors join keys on keys.id = ancestors.caller_key_id
    )
    select id from ancestors where task_id is null`;
  return addSpend(tx, payers, amounts, now);
}

/** What a key spends on a day is in so many rows, any of which may be added to: tasks that end do not queue. */
const SPEND_SLOTS = 16;

/** Adds to what was spent with each of the keys that the query `keyIds` finds. Called once in a transaction. */
export async function addSpend(
  tx: Tx,
  keyIds: RawBuilder<unknown>,
  { nanoUsd, tokens }: Omit<Amounts, 'calls'>,
  now: Date,
): Promise<void> {
  // In the order of the ids, as lockSpend does, so that nobody waits in a circle.
  await sql`
    insert into spend (key_id, day, slot, nano_usd, tokens)
    select id, ${dayOf(now)}::date, floor(random() * ${sql.lit(SPEND_SLOTS)}), ${nanoUsd}::bigint, ${tokens}::bigint
    from (${keyIds}) as spending order by id
    on conflict (key_id, day, slot) do update
    set nano_usd = spend.nano_usd + excluded.nano_usd, tokens = spend.tokens + excluded.tokens`.execute(tx);
}

/** Locks what was spent with these keys, all rows of it: until the transaction ends nothing is added to it. */
export async function lockSpend(tx: Tx, keyIds: readonly string[], now: Date): Promise<void> {
  if (keyIds.length === 0) return;
  const day = dayOf(now);
  await sql`
    insert into spend (key_id, day, slot, nano_usd, tokens)
    select id, ${day}::date, slot, 0, 0
    from unnest(${keyIds}::uuid[]) as id, generate_series(0, ${sql.lit(SPEND_SLOTS - 1)}) as slot order by id, slot
    on conflict do nothing`.execute(tx);
  await sql`
    select from spend where key_id = any(${keyIds}::uuid[]) and day = ${day}::date
    order by key_id, slot for no key update`.execute(tx);
}

/** What was spent with each of the keys in the UTC day and month of `now`. */
export async function spentWith(db: Db, keyIds: readonly string[], now: Date): Promise<(keyId: string) => Spent> {
  const day = dayOf(now);
  const { rows } = await sql<{ key_id: string; today: boolean; nanoUsd: number; tokens: number }>`
    select key_id, day = ${day}::date as today, sum(nano_usd)::bigint as "nanoUsd", sum(tokens)::bigint as tokens
    from spend where key_id = any(${keyIds}::uuid[]) and day between ${monthOf(now)}::date and ${day}::date
    group by key_id, today`.execute(db);
  const sumOf = (those: typeof rows) => ({
    nanoUsd: those.reduce((sum, { nanoUsd }) => sum + nanoUsd, 0),
    tokens: those.reduce((sum, { tokens }) => sum + tokens, 0),
  });
  return (keyId) => {
    const month = rows.filter(({ key_id }) => key_id === keyId);
    return { day: sumOf(month.filter(({ today }) => today)), month: sumOf(month) };
  };
}

export interface UsageOfLease {
  leaseId: string;
  usage: Usage;
}

/**
 * Records a task's usage; the first report stays. Its cost counts for the task, its ancestors and its keys.
 * @param ancestors of the task, itself the last, locked in this transaction
 * @returns what adds it to the keys' sums, to be called as the last of the transaction
 */
export async function saveUsage(
  tx: Tx,
  ancestors: readonly TaskRow[],
  { leaseId, usage }: UsageOfLease,
  { prices, now }: { prices: Prices; now: Date },
): Promise<() => Promise<void>> {
  const task = ancestors.at(-1);
  if (task?.lease_id !== leaseId || task.usage !== null) return async () => {};
  const { id, account_id, billed_key_id, key_id, resources } = task;
  const { vcpuSeconds, gbSeconds, nanoUsd } = computeCost(prices, usage, resources.memoryMb);
  await tx
    .updateTable('tasks')
    .set({ usage: JSON.stringify(usage), compute_nano_usd: nanoUsd })
    .where('id', '=', id)
    .execute();
  await tx
    .insertInto('compute')
    .values({
      task_id: id,
      created_at: now,
      account_id,
      billed_key_id,
      vcpu_seconds: vcpuSeconds,
      gb_seconds: gbSeconds,
      cost_nano_usd: nanoUsd,
    })
    .execute();
  await addToTasks(tx, ancestors, { tokens: 0, nanoUsd, calls: 0 });
  return () => addToKeys(tx, key_id, { tokens: 0, nanoUsd }, now);
}
