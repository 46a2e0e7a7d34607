// What a look for due deliveries costs, in rows that Postgres reads, whatever waits; and that nothing is missed
// for it.
import { randomUUID } from 'node:crypto';
import { Kysely, PostgresDialect, sql } from 'kysely';
import { Pool } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Tables } from '../../src/db/tables.ts';
import { insertAccount } from '../../src/server/access/accounts.ts';
import { type ClaimOptions, claimDeliveries, releaseClaims } from '../../src/server/webhooks/claims.ts';
import { replayDeliveries } from '../../src/server/webhooks/deliveries.ts';
import { updateEndpoint } from '../../src/server/webhooks/endpoints.ts';
import { type DispatcherTest, openDispatcherTest } from '../fixtures/webhook-dispatcher.ts';

const MANY = 20_000;
/** What a look may read that finds at most one delivery to attempt. */
const FEW = 300;
const URL = 'http://127.0.0.1:1/';

let seed: DispatcherTest;
/** One connection, so that it can be told when to report what it read. */
let db: Kysely<Tables>;
beforeAll(async () => {
  seed = await openDispatcherTest();
  const pool = new Pool({ connectionString: seed.databaseUrl, max: 1 });
  // When the database is dropped.
  pool.on('error', () => undefined);
  db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
});
afterEach(async () => {
  await sql`truncate webhook_endpoints, webhook_events, webhook_lanes, webhook_accounts cascade`.execute(db);
});
afterAll(async () => {
  await db.destroy();
  await seed.close();
});

interface InFlight {
  lanes?: [string, number][];
  accounts?: [string, number][];
}

function look({ lanes = [], accounts = [] }: InFlight = {}, more: Partial<ClaimOptions> = {}) {
  const inFlight = { lanes: new Map(lanes), accounts: new Map(accounts) };
  const options = { limit: 1_000, perLane: 20, perAccount: 200, inFlight, claimMs: 30_000, ...more };
  return claimDeliveries({ db, clock: seed.clock }, options);
}

async function rowsRead(): Promise<number> {
  await sql`select pg_stat_force_next_flush()`.execute(db);
  const { rows } = await sql<{ read: string }>`
    select (select sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) from pg_stat_user_tables where relname like 'webhook%')
      + (select sum(idx_tup_read) from pg_stat_user_indexes where relname like 'webhook%') as read`.execute(db);
  return Number(rows[0]?.read);
}

/** The lanes it claims from, and how many rows it reads. */
async function measured(inFlight?: InFlight) {
  const before = await rowsRead();
  const claimed = await look(inFlight);
  return { lanes: claimed.map(({ lane }) => lane), read: (await rowsRead()) - before };
}

/** Many pending deliveries of an account's event. @param lane null: a lane for each */
async function deliveries(
  count: number,
  { lane, dueInMs, account = seed.account.id }: { lane: string | null; dueInMs: number; account?: string },
): Promise<void> {
  const now = seed.clock.now();
  const event = randomUUID();
  await sql`
    insert into webhook_events (id, account_id, type, created_at, data, position)
    values (${event}, ${account}, 'key.created', ${now}, '{}', nextval('webhook_event_positions'))`.execute(db);
  await sql`
    insert into webhook_deliveries (id, account_id, event_id, endpoint_id, url, lane, created_at, status, next_attempt_at)
    select gen_random_uuid(), ${account}, ${event}, null, ${URL}, coalesce(${lane}::uuid, gen_random_uuid()), ${now},
      'pending', ${new Date(now.getTime() + dueInMs)}
    from generate_series(1, ${count}::int)`.execute(db);
  // As after a while: the planner knows what there is.
  await sql`analyze webhook_deliveries`.execute(db);
}

const set = (id: string, fields: { failing_since?: Date; held_until?: Date }) =>
  db.updateTable('webhook_endpoints').set(fields).where('id', '=', id).execute();
const later = (ms: number) => new Date(seed.clock.now().getTime() + ms);

/** A delivery of another account that is due: found by the same look, whatever else waits. */
async function another(): Promise<string> {
  const { id: account } = await insertAccount(db, { name: 'another', operator: false });
  const lane = randomUUID();
  await deliveries(1, { lane, dueInMs: 0, account });
  return lane;
}

describe('a look reads only what it finds', () => {
  it('beside lanes that each have something later', async () => {
    await deliveries(MANY, { lane: null, dueInMs: 60_000 });
    const lane = await another();
    const found = await measured();
    expect(found.lanes).toEqual([lane]);
    expect(found.read).toBeLessThan(FEW);
    expect((await measured()).read).toBeLessThan(FEW);
  });

  it('beside a lane with much that is due, whose endpoint fails and has its one place taken', async () => {
    const failing = await seed.endpoint(URL);
    await set(failing, { failing_since: seed.clock.now() });
    await deliveries(MANY, { lane: failing, dueInMs: -1_000 });
    const lane = await another();
    const inFlight: InFlight = { lanes: [[failing, 1]], accounts: [[seed.account.id, 1]] };
    const found = await measured(inFlight);
    expect(found.lanes).toEqual([lane]);
    expect(found.read).toBeLessThan(FEW);
    const free = await measured();
    expect(free.lanes).toEqual([failing]);
    expect(free.read).toBeLessThan(FEW);
  });

  it('beside a lane with much that is due, whose endpoint asked to be left alone', async () => {
    const held = await seed.endpoint(URL);
    await set(held, { held_until: later(60_000) });
    await deliveries(MANY, { lane: held, dueInMs: -1_000 });
    const lane = await another();
    const found = await measured();
    expect(found.lanes).toEqual([lane]);
    expect(found.read).toBeLessThan(FEW);
    seed.clock.advance(60_000);
    expect((await measured()).lanes.filter((one) => one === held)).toHaveLength(20);
  });

  it('again and again while all places of a lane are taken', async () => {
    const lane = randomUUID();
    await deliveries(MANY, { lane, dueInMs: -1_000 });
    const full = await measured({ lanes: [[lane, 20]], accounts: [[seed.account.id, 20]] });
    expect(full.lanes).toEqual([]);
    expect(full.read).toBeLessThan(20);
    expect((await measured({ lanes: [[lane, 19]], accounts: [[seed.account.id, 19]] })).lanes).toEqual([lane]);
  });

  it('beside an account with many due lanes that has no place left', async () => {
    await deliveries(MANY, { lane: null, dueInMs: -1_000 });
    const lane = await another();
    const found = await measured({ accounts: [[seed.account.id, 200]] });
    expect(found.lanes).toEqual([lane]);
    expect(found.read).toBeLessThan(FEW);
    const free = await measured({ accounts: [[seed.account.id, 190]] });
    expect(free.lanes).toHaveLength(10);
    expect(free.read).toBeLessThan(FEW);
  });
});

describe('places', () => {
  it('are shared out among the lanes of an account, and among accounts', async () => {
    const lanes = [randomUUID(), randomUUID(), randomUUID()];
    for (const lane of lanes) await deliveries(100, { lane, dueInMs: -1_000 });
    const other = await another();
    const claimed = await look({}, { perAccount: 6 });
    const count = (lane: string) => claimed.filter((delivery) => delivery.lane === lane).length;
    expect(lanes.map(count)).toEqual([2, 2, 2]);
    expect(count(other)).toBe(1);
    expect(await look({}, { limit: 2 })).toHaveLength(2);
  });

  it('of a lane go to what waits longest', async () => {
    const lane = randomUUID();
    await deliveries(3, { lane, dueInMs: -1_000 });
    await deliveries(1, { lane, dueInMs: -5_000 });
    const oldest = await db
      .selectFrom('webhook_deliveries')
      .select('id')
      .orderBy('next_attempt_at')
      .limit(1)
      .execute();
    expect((await look({}, { perLane: 1 })).map(({ id }) => ({ id }))).toEqual(oldest);
  });
});

describe('a lane that had nothing is looked at again', () => {
  /** A lane with one delivery for the next day, of which a look has written down that there is nothing before. */
  async function quiet(): Promise<string> {
    const lane = await seed.endpoint(URL);
    await deliveries(1, { lane, dueInMs: 86_400_000 });
    await sql`update webhook_lanes set due_at = '-infinity'`.execute(db);
    await sql`update webhook_accounts set due_at = '-infinity'`.execute(db);
    expect(await look()).toEqual([]);
    const { rows } = await sql`select from webhook_accounts where due_at < ${later(1_000)}`.execute(db);
    expect(rows).toEqual([]);
    return lane;
  }

  it('when something new is there', async () => {
    const lane = await quiet();
    await deliveries(1, { lane, dueInMs: 0 });
    expect(await look()).toHaveLength(1);
  });

  it('when a delivery is replayed or given back', async () => {
    await quiet();
    await sql`update webhook_deliveries set endpoint_id = null`.execute(db);
    await replayDeliveries(seed.store, seed.account.id, {});
    const claimed = await look();
    expect(claimed).toHaveLength(1);
    expect(await look()).toEqual([]);
    await releaseClaims({ db, clock: seed.clock }, claimed);
    expect(await look()).toHaveLength(1);
  });

  it('when its endpoint is no longer left alone', async () => {
    const lane = await quiet();
    await set(lane, { held_until: later(60_000) });
    await deliveries(1, { lane, dueInMs: 0 });
    expect(await look()).toEqual([]);
    await db
      .transaction()
      .execute((tx) =>
        updateEndpoint(tx, { accountId: seed.account.id, id: lane }, { url: `${URL}new` }, seed.clock.now()),
      );
    expect(await look()).toHaveLength(1);
  });

  it('when a server was killed with its delivery', async () => {
    const lane = randomUUID();
    await deliveries(1, { lane, dueInMs: 0 });
    expect(await look()).toHaveLength(1);
    expect(await look()).toEqual([]);
    seed.clock.advance(30_000);
    expect(await look()).toHaveLength(1);
  });

  it('and has no row any more when nothing waits in it', async () => {
    const lane = randomUUID();
    await deliveries(1, { lane, dueInMs: 0 });
    await db
      .updateTable('webhook_deliveries')
      .set({ status: 'delivered', next_attempt_at: null, completed_at: seed.clock.now() })
      .execute();
    expect(await look()).toEqual([]);
    const { rows } = await sql`
      select lane::text from webhook_lanes union all select account_id::text from webhook_accounts`.execute(db);
    expect(rows).toEqual([]);
  });
});
