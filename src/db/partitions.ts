// Makes the coming days' partitions of what grows by the thousand, and drops those older than the operator keeps.
import { type RawBuilder, sql } from 'kysely';
import type { Loop } from '../lib/every.ts';
import type { Logger } from '../lib/log.ts';
import { UNFINISHED } from '../protocol/statuses.ts';
import { ADVISORY_LOCKS } from './advisory-locks.ts';
import { sqlStateOf } from './database-failure.ts';
import type { Store } from './store.ts';
import type { Tx } from './tables.ts';
import { statusIn } from './task-conditions.ts';

/** The tables, and by which of the operator's settings their rows are kept. */
const KEPT_AS = { calls: 'calls', model_calls: 'calls', compute: 'calls', events: 'events' } as const;
type Table = keyof typeof KEPT_AS;

/** What is older may go; null: all is kept. */
export type KeptSince = Record<(typeof KEPT_AS)[Table], Date | null>;

const DAYS_AHEAD = 7;
const DAY_MS = 86_400_000;
const EVERY_MS = 6 * 3_600_000;
/**
 * A partition is made and dropped under a lock for which every reader and writer of its table waits: rather than
 * let them wait behind a long query, such as that of a backup, the table is left for the next time.
 */
const LOCK_PATIENCE = '2s';

/**
 * Makes the partitions of today and the days ahead, and drops those whose every row is older than is kept.
 * @returns the partitions it dropped, and the tables that it left because they were in use for too long
 */
export async function carePartitions(store: Store, since: KeptSince) {
  const care = { dropped: [] as string[], left: [] as string[] };
  for (const table of Object.keys(KEPT_AS) as Table[]) {
    try {
      care.dropped.push(...(await careFor(store, table, since[KEPT_AS[table]])));
    } catch (error) {
      if (sqlStateOf(error) !== LOCK_NOT_AVAILABLE) throw error;
      care.left.push(table);
    }
  }
  return care;
}

const LOCK_NOT_AVAILABLE = '55P03';

function careFor(store: Store, table: Table, before: Date | null): Promise<string[]> {
  return store.longRunning.transaction().execute(async (tx) => {
    await sql`select pg_advisory_xact_lock(${ADVISORY_LOCKS.partitions})`.execute(tx);
    await sql`set local lock_timeout = ${sql.lit(LOCK_PATIENCE)}`.execute(tx);
    const there = (await partitionsOf(tx, table)).filter((name) => /_\d{8}$/.test(name));
    const today = store.clock.now().getTime();
    for (let day = 0; day <= DAYS_AHEAD; day += 1) {
      await makePartition(tx, table, new Date(today + day * DAY_MS), there);
    }
    return before === null ? [] : dropBefore(tx, table, before, there);
  });
}

/** `calls_20261124`: names sort by day. */
function partitionName(table: Table, day: Date): string {
  return `${table}_${day.toISOString().slice(0, 10).replaceAll('-', '')}`;
}

/** Only behind the last there is: a partition may hold days before its own (migration 0012). */
async function makePartition(tx: Tx, table: Table, day: Date, there: readonly string[]): Promise<void> {
  const name = partitionName(table, day);
  if (name <= (there.at(-1) ?? '')) return;
  const from = new Date(`${day.toISOString().slice(0, 10)}T00:00:00.000Z`);
  const to = new Date(from.getTime() + DAY_MS);
  // Rows of that day that are in the default partition stay there: then the day has no partition of its own.
  const early = await sql`
    select 1 from ${sql.id(`${table}_default`)}
    where created_at >= ${from} and created_at < ${to} limit 1`.execute(tx);
  if (early.rows.length > 0) return;
  await sql`create table ${sql.id(name)} partition of ${sql.id(table)}
    for values from (${sql.lit(from.toISOString())}) to (${sql.lit(to.toISOString())})`.execute(tx);
}

async function dropBefore(tx: Tx, table: Table, before: Date, there: readonly string[]): Promise<string[]> {
  const last = partitionName(table, new Date(before.getTime() - DAY_MS));
  const dropped: string[] = [];
  const holds = await anyHold(tx);
  for (const name of there.filter((one) => one <= last)) {
    if (table === 'events' && (await isNeeded(tx, name, before))) continue;
    if (holds && (await dropAllButHeld(tx, table, name))) continue;
    await sql`drop table ${sql.id(name)}`.execute(tx);
    dropped.push(name);
  }
  const theDefault = sql.id(`${table}_default`);
  const needed = sql`task_id in (select id from tasks where ${statusIn(UNFINISHED)} and created_at < ${before})`;
  await sql`
    delete from ${theDefault} as rows where created_at < ${before}
      ${table === 'events' ? sql`and not ${needed}` : sql``} ${holds ? sql`and not ${heldRow(table)}` : sql``}`.execute(
    tx,
  );
  return dropped;
}

async function anyHold(tx: Tx): Promise<boolean> {
  const { rows } = await sql`select from holds where released_at is null limit 1`.execute(tx);
  return rows.length > 0;
}

/** Whether a legal hold keeps the row, which goes by the name `rows`. */
function heldRow(table: Table): RawBuilder<boolean> {
  if (table !== 'events') return sql`is_task_held(rows.task_id, rows.account_id)`;
  return sql`exists (select from tasks where tasks.id = rows.task_id and is_task_held(tasks.id, tasks.account_id))`;
}

/** Where a hold keeps rows of a partition, the others go one by one. Returns whether it does. */
async function dropAllButHeld(tx: Tx, table: Table, partition: string): Promise<boolean> {
  const { rows } = await sql`
    select from ${sql.id(partition)} as rows where ${heldRow(table)} limit 1`.execute(tx);
  if (rows.length === 0) return false;
  await sql`delete from ${sql.id(partition)} as rows where not ${heldRow(table)}`.execute(tx);
  return true;
}

/** Whether it holds events of a task that has not ended. */
async function isNeeded(tx: Tx, partition: string, before: Date): Promise<boolean> {
  const { rows } = await sql`
    select 1 from tasks where ${statusIn(UNFINISHED)} and created_at < ${before}
      and exists (select from ${sql.id(partition)} as events where events.task_id = tasks.id) limit 1`.execute(tx);
  return rows.length > 0;
}

async function partitionsOf(tx: Tx, table: Table): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select child.relname as name from pg_inherits
    join pg_class child on child.oid = inhrelid
    where inhparent = ${sql.lit(table)}::regclass order by 1`.execute(tx);
  return rows.map(({ name }) => name);
}

/** In days; null: for ever. */
export type Retention = Record<keyof KeptSince, number | null>;

/** `care` is for the start: it resolves when today has its partitions, and rejects where they cannot be made. */
export function rowKeeper(days: Retention, store: Store, log: Logger): { care(): Promise<void>; keep(): Loop } {
  const since = (kept: number | null) =>
    kept === null ? null : new Date(store.clock.now().getTime() - kept * DAY_MS);
  const care = async (): Promise<void> => {
    const { dropped, left } = await carePartitions(store, {
      calls: since(days.calls),
      events: since(days.events),
    });
    if (dropped.length > 0) log.info({ dropped, days }, 'dropped old partitions');
    if (left.length > 0) log.warn({ tables: left }, 'long queries were in the way of the care for partitions');
  };
  return {
    care,
    keep: () => store.loops.every({ everyMs: EVERY_MS, name: 'care for the partitions', log }, care),
  };
}
