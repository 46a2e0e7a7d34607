// Events are kept by the day: a database from before is taken over as it is, old days are dropped whole, and
// nothing of a task that goes on is lost.
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { carePartitions } from '../../src/db/partitions.ts';
import { openStore, type Store } from '../../src/db/store.ts';
import { stopTask } from '../../src/server/tasks/end.ts';
import { run } from '../fixtures/database.ts';
import { startTestServer } from '../fixtures/server.ts';
import { openTestStore, silent, type TestStore } from '../fixtures/store.ts';

const DAY_MS = 86_400_000;
const KEEP = { calls: null, events: null };

/** `events` as migration 0001 made it. */
const AS_BEFORE = `
  drop table events;
  create table events (
    task_id uuid not null references tasks (id), seq integer not null, at timestamptz not null, body jsonb not null,
    primary key (task_id, seq)
  );
  delete from migrations where name = '0012_events_by_day.sql'`;

let seed: TestStore;
beforeEach(async () => {
  seed = await openTestStore();
});
afterEach(() => seed?.close());

/** Partitions of events, by name, with their rows. */
async function partitions(store: Store): Promise<Record<string, number>> {
  const { rows } = await sql<{ name: string; count: number }>`
    select name, (select count(*) from events where tableoid = name::regclass) as count from (
      select inhrelid::regclass::text as name from pg_inherits where inhparent = 'events'::regclass order by 1
    ) as names`.execute(store.db);
  return Object.fromEntries(rows.map(({ name, count }) => [name, count]));
}

const name = (day: Date) => `events_${day.toISOString().slice(0, 10).replaceAll('-', '')}`;

/** The tasks' rows and their events are as old as that. */
async function age(ids: readonly string[], days: number): Promise<void> {
  const by = sql`interval '1 day' * ${days}`;
  await sql`
    update tasks set created_at = created_at - ${by}, completed_at = completed_at - ${by} where id = any(${ids})`.execute(
    seed.store.db,
  );
  await sql`update events set created_at = created_at - ${by} where task_id = any(${ids})`.execute(seed.store.db);
}

describe('a database from before', () => {
  it('keeps its events, without copying them, and takes new ones', async () => {
    const { id } = await seed.post();
    const { id: other } = await seed.post();
    await run(seed.databaseUrl, AS_BEFORE);
    const now = new Date();
    for (const [seq, at] of [
      [1, new Date(now.getTime() - 40 * DAY_MS)],
      [2, now],
      [3, new Date(now.getTime() + 2 * DAY_MS)],
    ] as const) {
      await sql`insert into events values (${id}, ${seq}, ${at}, ${JSON.stringify({ type: 'text', text: `${seq}` })}),
        (${other}, ${seq}, ${at}, '{"type": "text", "text": "other"}')`.execute(seed.store.db);
    }
    await sql`update tasks set created_at = now() - interval '40 days', last_seq = 3`.execute(seed.store.db);
    const { rows } = await sql<{ node: number }>`
      select pg_relation_filenode('events') as node`.execute(seed.store.db);

    const upgraded = await openStore({ databaseUrl: seed.databaseUrl, log: silent });
    try {
      await carePartitions(upgraded, KEEP);
      expect((await seed.events(id)).map(({ seq }) => seq)).toEqual([1, 2, 3]);
      const there = await partitions(upgraded);
      expect(there).toMatchObject({ [name(now)]: 4, events_default: 2 });
      const taken = await sql<{ node: number }>`
        select pg_relation_filenode(${sql.lit(name(now))}) as node`.execute(upgraded.db);
      expect(taken.rows).toEqual(rows);
      await stopTask(upgraded, seed.account.id, id);
      expect((await seed.events(id)).at(-1)).toMatchObject({ seq: 4, type: 'status' });
    } finally {
      await upgraded.close();
    }
  });

  it('that had none starts with the days to come', async () => {
    await run(seed.databaseUrl, AS_BEFORE);
    const upgraded = await openStore({ databaseUrl: seed.databaseUrl, log: silent });
    expect(await partitions(upgraded)).toEqual({ events_default: 0 });
    await upgraded.close();
  });
});

describe('old events', () => {
  it('go with their day, which is dropped and not emptied; those of tasks that have not ended stay', async () => {
    const store = { ...seed.store, clock: { now: () => new Date(Date.now() - 40 * DAY_MS) } };
    await carePartitions(store, KEEP);
    const old = name(store.clock.now());
    const [ended, queued, young] = await Promise.all([seed.post(), seed.post(), seed.post()]);
    await stopTask(seed.store, seed.account.id, ended.id);
    await age([ended.id, queued.id], 40);
    expect(await partitions(seed.store)).toMatchObject({ [old]: 3 });

    const now = { ...seed.store, clock: { now: () => new Date() } };
    const since = { ...KEEP, events: new Date(Date.now() - 30 * DAY_MS) };
    const first = await carePartitions(now, since);
    expect(first.dropped).not.toContain(old);
    expect(first.dropped.length).toBeGreaterThan(0);
    expect(await seed.events(queued.id)).toHaveLength(1);

    await stopTask(seed.store, seed.account.id, queued.id);
    const deletedBefore = await rowsDeleted();
    expect((await carePartitions(now, since)).dropped).toEqual([old]);
    expect(await rowsDeleted()).toBe(deletedBefore);
    expect(Object.keys(await partitions(seed.store))).not.toContain(old);
    expect(await seed.events(ended.id)).toEqual([]);
    expect(await seed.events(young.id)).toHaveLength(1);
  });

  it('of the default partition go, too, and not those of a task that has not ended', async () => {
    const [ended, queued] = await Promise.all([seed.post(), seed.post()]);
    await stopTask(seed.store, seed.account.id, ended.id);
    await age([ended.id, queued.id], 40);
    await carePartitions(seed.store, { ...KEEP, events: new Date(Date.now() - 30 * DAY_MS) });
    expect(await partitions(seed.store)).toMatchObject({ events_default: 1 });
    expect(await seed.events(queued.id)).toHaveLength(1);
  });

  it('are looked for in the days of their task only', async () => {
    await carePartitions({ ...seed.store, clock: { now: () => new Date() } }, KEEP);
    const { id } = await seed.post();
    await stopTask(seed.store, seed.account.id, id);
    const { rows } = await sql<{ 'QUERY PLAN': string }>`
      explain select * from events where task_id = ${id} and seq > 0
        and created_at >= ${new Date(Date.now() - 3_600_000)} and created_at < ${new Date(Date.now() + 3_600_000)}
      order by seq`.execute(seed.store.db);
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
    expect(plan).toContain(name(new Date()));
    expect(plan).not.toContain(name(new Date(Date.now() + 3 * DAY_MS)));
  });

  it('a table that somebody reads for long is left for the next time, and nobody waits behind it', async () => {
    const now = { ...seed.store, clock: { now: () => new Date() } };
    await seed.store.db.transaction().execute(async (tx) => {
      await sql`select count(*) from events`.execute(tx);
      const { left } = await carePartitions(now, KEEP);
      expect(left).toEqual(['events']);
    });
    expect((await carePartitions(now, KEEP)).left).toEqual([]);
  });
});

/** Rows of events and its partitions that were deleted one by one. */
async function rowsDeleted(): Promise<number> {
  await sql`select pg_stat_force_next_flush()`.execute(seed.store.db);
  const { rows } = await sql<{ deleted: number }>`
    select coalesce(sum(n_tup_del), 0)::bigint as deleted from pg_stat_user_tables where relname like 'events%'`.execute(
    seed.store.db,
  );
  return rows[0]?.deleted ?? 0;
}

it('a reader of a task whose events are gone is told so, and where it goes on', async () => {
  const server = await startTestServer();
  try {
    const { body } = await server.call('POST', '/api/v1/tasks/run', { body: { instruction: 'x' } });
    const path = `/api/v1/tasks/${body.task.id}`;
    await server.call('POST', `${path}/stop`);
    const read = async (query = '') => {
      const { body: lines } = await server.call<string>('GET', `${path}/events${query}`);
      return lines
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line));
    };
    expect((await read()).map(({ seq, type }) => [seq, type])).toEqual([
      [1, 'status'],
      [2, 'status'],
    ]);
    await run(server.databaseUrl, 'delete from events where seq = 1');
    expect(await read()).toMatchObject([
      { seq: 1, type: 'diagnostic', text: expect.stringContaining('Event 1 of this task') },
      { seq: 2, type: 'status' },
    ]);
    await run(server.databaseUrl, 'delete from events');
    expect(await read()).toMatchObject([
      { seq: 2, type: 'diagnostic', text: expect.stringContaining('Events 1 to 2') },
    ]);
    expect(await read('?after=2')).toEqual([]);
  } finally {
    await server.stop();
  }
});
