// The time that decides over leases, deadlines and queue times: the database's, asked in the deciding transaction.
import { type RawBuilder, sql } from 'kysely';
import type { Clock } from '../lib/clock.ts';
import type { Db } from './tables.ts';

/** The moment at which the database comes to it, for statements. @param clock a test's instead */
export function databaseTime(clock?: Clock): () => RawBuilder<Date> {
  if (clock === undefined) return () => sql<Date>`clock_timestamp()`;
  return () => sql<Date>`${clock.now()}::timestamptz`;
}

/** To be asked when the rows are locked: the waiting for them takes time. */
export async function timeIn({ time }: { time: () => RawBuilder<Date> }, tx: Db): Promise<Date> {
  const { rows } = await sql<{ now: Date }>`select ${time()} as now`.execute(tx);
  if (!rows[0]) throw new Error('a select without a source has one row');
  return rows[0].now;
}

export function later(moment: Date, ms: number): Date {
  return new Date(moment.getTime() + ms);
}
