// What calls have counted, a row for each counter of a holder in a span. Whoever counts locks a call's rows in one
// order: nobody waits in a circle. Called by admissions.ts in the transaction of the work, or of its intent.
import { type RawBuilder, sql } from 'kysely';
import type { Db, Tx } from '../../db/tables.ts';
import type { Limit } from '../../protocol/grant.ts';

export interface Count {
  /** The key, or the task key, whose limit counts. */
  holder: string;
  counter: string;
  per: Limit['per'];
  /** Of `per: task`: `task:<id>`; of calls outside tasks `key`: they are counted together, for good. */
  taskSpan: string;
  /** A decimal number. */
  amount: string;
}

const DAY = sql.lit('"day:"YYYY-MM-DD');
const MONTH = sql.lit('"month:"YYYY-MM');

/** The counts with the spans that they are of now, as the table `wanted`. */
function wantedNow(counts: readonly Count[], time: () => RawBuilder<Date>): RawBuilder<unknown> {
  const column = (name: keyof Count) => counts.map((each) => each[name]);
  return sql`
    now as materialized (select ${time()} as at),
    wanted as materialized (
      select holder, counter, per, amount, now.at, case per
        when 'day' then to_char(now.at at time zone 'utc', ${DAY})
        when 'month' then to_char(now.at at time zone 'utc', ${MONTH})
        else task_span end as span
      from now, unnest(
        ${column('holder')}::uuid[], ${column('counter')}::text[], ${column('per')}::text[],
        ${column('taskSpan')}::text[], ${column('amount')}::numeric[]
      ) as each (holder, counter, per, task_span, amount)
    )`;
}

interface Row {
  holder_id: string;
  counter: string;
  per: string;
  amount: string;
}

function amountsOf(counts: readonly Count[], rows: readonly Row[]): string[] {
  const key = (holder: string, counter: string, per: string) => `${holder} ${per} ${counter}`;
  const amounts = new Map(rows.map((row) => [key(row.holder_id, row.counter, row.per), row.amount]));
  return counts.map(({ holder, counter, per }) => amounts.get(key(holder, counter, per)) ?? '0');
}

/** @returns what each would come to with the call, in the order of the counts. Nothing is counted or locked. */
export async function wouldCount(
  db: Db,
  counts: readonly Count[],
  time: () => RawBuilder<Date>,
): Promise<string[]> {
  if (counts.length === 0) return [];
  const { rows } = await sql<Row>`
    with ${wantedNow(counts, time)}
    select holder as holder_id, wanted.counter, per, (wanted.amount + coalesce(grant_counts.amount, 0))::text as amount
    from wanted left join grant_counts
      on holder_id = holder and grant_counts.counter = wanted.counter and grant_counts.span = wanted.span`.execute(
    db,
  );
  return amountsOf(counts, rows);
}

/** @returns what each has come to, in the order of the counts. Days and months are the database's, in UTC. */
export async function count(
  tx: Tx,
  counts: readonly Count[],
  { callId, time }: { callId: string | null; time: () => RawBuilder<Date> },
): Promise<string[]> {
  const { rows } = await sql<Row>`
    with ${wantedNow(counts, time)},
    counted as (
      insert into grant_counts (holder_id, counter, span, amount, updated_at)
      select holder, counter, span, amount, at from wanted order by holder, counter, span
      on conflict (holder_id, counter, span)
      do update set amount = grant_counts.amount + excluded.amount, updated_at = excluded.updated_at
      returning *
    ),
    reserved as (
      insert into grant_reservations (call_id, holder_id, counter, span, amount, created_at)
      select ${callId}::uuid, holder, counter, span, amount, at from wanted where ${callId}::uuid is not null
    )
    select holder_id, counted.counter, wanted.per, counted.amount::text from counted
    join wanted on holder = holder_id and wanted.counter = counted.counter and wanted.span = counted.span`.execute(
    tx,
  );
  return amountsOf(counts, rows);
}

/** Takes back what the call has counted: once, however often it is asked to; nothing where nothing is there. */
export async function giveBack(tx: Tx, callId: string): Promise<void> {
  // In the order in which calls count.
  const { rows } = await sql`
    select from grant_counts join grant_reservations using (holder_id, counter, span) where call_id = ${callId}
    order by holder_id, counter, span for no key update of grant_counts`.execute(tx);
  if (rows.length === 0) return;
  await sql`
    with back as (delete from grant_reservations where call_id = ${callId} returning *)
    update grant_counts set amount = grant_counts.amount - back.amount from back
    where grant_counts.holder_id = back.holder_id and grant_counts.counter = back.counter
      and grant_counts.span = back.span`.execute(tx);
}
