// What the measurement asks the database itself: how far the tasks are, when what happened, and whether each ended
// once and right.
import { ConnectionPool } from '../../src/db/connection-pool.ts';
import { Outage } from '../../src/db/outage.ts';
import { createLog } from '../../src/lib/log.ts';

const CONNECTIONS = 16;
const BARE_ROWS = 50_000;
const BARE_MS = 2_000;
const STATEMENTS = 12;

export interface TaskTimes {
  id: string;
  /** Milliseconds since 1970, by the database's clock. */
  createdMs: number;
  leasedMs: number;
  /** When the first thing that its guest said was taken. */
  firstEventMs: number;
  endedMs: number;
}

/** What the whole database has done so far. */
export interface Work {
  statements: number;
  transactions: number;
  walBytes: number;
  /** Of all tables with their indexes. */
  bytes: number;
}

export interface FleetDatabase extends AsyncDisposable {
  /** Of all tasks. */
  count(status: 'queued' | 'running' | 'ended'): Promise<number>;
  timesOf(taskIds: readonly string[]): Promise<TaskTimes[]>;
  /** What is wrong with how the tasks ended, in words; empty when nothing is. */
  wrongs(taskIds: readonly string[]): Promise<string[]>;
  /** The yardstick: how many rows a second are taken from a table, each in a transaction of its own. */
  bareClaims(): Promise<number>;
  work(): Promise<Work>;
  /** The statements that took most, since the last call. */
  statements(): Promise<{ calls: number; totalMs: number; query: string }[]>;
}

export async function openFleetDatabase(databaseUrl: string): Promise<FleetDatabase> {
  const outage = new Outage(createLog('bench', 'error'));
  const limits = { connections: CONNECTIONS, statementMs: 120_000, lockMs: 10_000 };
  const pool = new ConnectionPool(databaseUrl, limits, outage);
  await pool.query('create extension if not exists pg_stat_statements');

  async function bareClaims(): Promise<number> {
    await pool.query('create table bare (id bigint primary key, body text)');
    await pool.query(`insert into bare select i, repeat('x', 100) from generate_series(1, ${BARE_ROWS}) as i`);
    const take = `delete from bare where id = (select id from bare order by id for update skip locked limit 1)`;
    const until = performance.now() + BARE_MS;
    let taken = 0;
    const takeSome = async () => {
      while (performance.now() < until) taken += (await pool.query(take)).rowCount ?? 0;
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, takeSome));
    await pool.query('drop table bare');
    return (taken * 1_000) / BARE_MS;
  }

  return {
    bareClaims,
    count: async (status) => {
      const which = status === 'ended' ? 'completed_at is not null' : `status = '${status}'`;
      const { rows } = await pool.query<{ n: number }>(`select count(*) as n from tasks where ${which}`);
      return rows[0]?.n ?? 0;
    },
    timesOf: async (taskIds) => {
      const { rows } = await pool.query<TaskTimes>(
        `select id, extract(epoch from created_at) * 1000.0 as "createdMs",
           extract(epoch from started_at) * 1000.0 as "leasedMs",
           extract(epoch from completed_at) * 1000.0 as "endedMs",
           (select extract(epoch from min(events.created_at)) * 1000.0 from events
            where task_id = tasks.id and body->>'type' <> 'status') as "firstEventMs"
         from tasks where id = any($1)`,
        [taskIds],
      );
      return rows.map(({ id, ...times }) => ({ id, ...numbers(times) }));
    },
    wrongs: async (taskIds) => {
      const { rows } = await pool.query<Record<string, number>>(WRONGS, [taskIds]);
      const wrong = Object.entries(rows[0] ?? {}).filter(([, count]) => count > 0);
      return wrong.map(([what, count]) => `${count} ${what}`);
    },
    work: async () => {
      const { rows } = await pool.query<Work>(WORK);
      const [work = { statements: 0, transactions: 0, walBytes: 0, bytes: 0 }] = rows;
      return work;
    },
    statements: async () => {
      const { rows } = await pool.query<{ calls: number; totalMs: number; query: string }>(
        `select calls, total_exec_time as "totalMs", query from pg_stat_statements
         order by total_exec_time desc limit ${STATEMENTS}`,
      );
      await pool.query('select pg_stat_statements_reset()');
      return rows;
    },
    [Symbol.asyncDispose]: () => pool.end(),
  };
}

const numbers = (times: Omit<TaskTimes, 'id'>) => ({
  createdMs: Number(times.createdMs),
  leasedMs: Number(times.leasedMs),
  firstEventMs: Number(times.firstEventMs),
  endedMs: Number(times.endedMs),
});

/** Each counts what is not allowed to be. */
const WRONGS = `
  with mine as (select * from tasks where id = any($1)),
  told as (
    select task_id, count(*) as events, max(seq) as last,
      count(*) filter (where body->>'type' = 'status' and body->>'status' = 'running' and body->>'phase' = 'starting') as starts,
      count(*) filter (where body->>'type' = 'status' and body->>'status' in ('completed', 'failed', 'timed_out', 'stopped')) as ends
    from events where task_id = any($1) group by task_id
  )
  select
    cardinality($1) - (select count(*) from mine) as "tasks are not there",
    (select count(*) from mine where completed_at is null) as "tasks have not ended",
    (select count(*) from mine where status <> 'completed') as "tasks are not completed",
    (select count(*) from mine where stdout is distinct from 'done ' || id) as "tasks have another answer than their own",
    (select count(*) from mine left join told on told.task_id = mine.id where starts is distinct from 1) as "tasks did not start exactly once",
    (select count(*) from mine left join told on told.task_id = mine.id where ends is distinct from 1) as "tasks did not end exactly once",
    (select count(*) from mine left join told on told.task_id = mine.id where events is distinct from last or last is distinct from last_seq)
      as "tasks miss events",
    (select count(*) from mine left join compute on compute.task_id = mine.id where compute.task_id is null) as "tasks are not billed",
    (select count(*) from keys where task_id = any($1) and revoked_at is null) as "task keys still live",
    (select count(*) from pgboss.job where id = any($1)) as "jobs are left in the queue"`;

const WORK = `
  select (select coalesce(sum(calls), 0)::bigint from pg_stat_statements) as statements,
    (select xact_commit from pg_stat_database where datname = current_database()) as transactions,
    pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint as "walBytes",
    pg_database_size(current_database()) as bytes`;
