// The database's time. As this process knows it: measured every second against the clock that only goes forward,
// so that no wrong or jumping clock of the machine changes anything (opened by openStore). And exactly, asked in
// the transaction that decides over leases, deadlines and queue times.
import { type RawBuilder, sql } from 'kysely';
import type { Clock } from '../lib/clock.ts';
import type { Loops } from '../lib/loops.ts';
import type { ConnectionPool } from './connection-pool.ts';
import type { Db } from './tables.ts';

const MEASURE_EVERY_MS = 1_000;
const PATIENCE_MS = 2_000;
/** How fast two clocks may run apart: far more than any does. */
const DRIFT = 1e-4;
/** A database's clock that was set is followed after so long: by then the tasks' deadlines have moved with it. */
const FOLLOW_AFTER_MS = 10_000;

export interface Measurement {
  /** By the clock that only goes forward. */
  sentMs: number;
  receivedMs: number;
  /** The database's answer, Unix milliseconds. */
  databaseMs: number;
}

/** What the database's clock is ahead of ours, at most `errorMs` off when it was measured. */
interface Offset {
  ms: number;
  errorMs: number;
  measuredMs: number;
}

export interface ClockEstimate {
  learn(measurement: Measurement): void;
  /** Unix milliseconds by the database's clock. @param nowMs by the clock that only goes forward */
  at(nowMs: number): number;
}

/**
 * Half of the round trip is what a measurement may be off. A slow one is believed only when the last good one may
 * be further off by now. One that contradicts it tells of a clock that was set, if others agree for a while.
 */
export function estimateClock(first: Measurement): ClockEstimate {
  let offset = offsetOf(first);
  let other: { first: Offset; last: Offset } | null = null;
  return {
    learn(measurement) {
      const measured = offsetOf(measurement);
      if (agree(offset, measured)) {
        other = null;
        if (measured.errorMs <= errorAt(offset, measured.measuredMs)) offset = measured;
        return;
      }
      if (other === null || !agree(other.last, measured)) other = { first: measured, last: measured };
      other.last = measured;
      if (measured.measuredMs - other.first.measuredMs < FOLLOW_AFTER_MS) return;
      offset = measured;
      other = null;
    },
    at: (nowMs) => nowMs + offset.ms,
  };
}

function offsetOf({ sentMs, receivedMs, databaseMs }: Measurement): Offset {
  const errorMs = (receivedMs - sentMs) / 2;
  return { ms: databaseMs + errorMs - receivedMs, errorMs, measuredMs: receivedMs };
}

const errorAt = ({ errorMs, measuredMs }: Offset, nowMs: number) => errorMs + (nowMs - measuredMs) * DRIFT;

const agree = (known: Offset, measured: Offset) =>
  Math.abs(known.ms - measured.ms) <= errorAt(known, measured.measuredMs) + measured.errorMs + 1;

export interface DatabaseClock extends Clock, Disposable {
  /** Forgets what it has measured: where a process stood still, its own clocks may have, too. */
  measureAnew(): Promise<void>;
}

/** Measures until it is closed; throws when the first measurement fails. */
export async function openDatabaseClock(pool: ConnectionPool, loops: Loops): Promise<DatabaseClock> {
  const measure = async (): Promise<Measurement> => {
    const sentMs = performance.now();
    const { rows } = await pool.query<{ ms: number }>(
      'select 1000 * extract(epoch from clock_timestamp())::double precision as ms',
      [],
      PATIENCE_MS,
    );
    return { sentMs, receivedMs: performance.now(), databaseMs: rows[0]?.ms ?? Number.NaN };
  };
  let estimate = estimateClock(await measure());
  // Nothing is logged: while the database is away the last measurement holds.
  const options = { name: "measure the database's clock", everyMs: MEASURE_EVERY_MS, log: null };
  const measuring = loops.every(options, async () => estimate.learn(await measure()));
  return {
    now: () => new Date(estimate.at(performance.now())),
    async measureAnew() {
      estimate = estimateClock(await measure());
    },
    [Symbol.dispose]: () => void measuring.stop(),
  };
}

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
