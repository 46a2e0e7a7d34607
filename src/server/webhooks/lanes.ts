// Which lanes (one for each endpoint, and one for each URL of tasks) have something to attempt. Triggers
// (migrations/0026) keep, for each account and lane with pending deliveries, an indexed row with the moment from
// which that may be so: early rather than late. Used by claims.ts.
import { type RawBuilder, sql } from 'kysely';
import type { Store } from '../../db/store.ts';
import type { Db, Tx } from '../../db/tables.ts';

export interface FreeSlots {
  /** Deliveries at most. */
  limit: number;
  /** At a time of one lane, and of one account. A lane whose endpoint fails has one slot. */
  perLane: number;
  perAccount: number;
  /** How many are in flight here already, by lane and by account. */
  inFlight: { lanes: ReadonlyMap<string, number>; accounts: ReadonlyMap<string, number> };
}

export interface DueLane {
  accountId: string;
  /** Null: the account seemed to have one, and has none. */
  lane: string | null;
  /** How many of its deliveries may be claimed; 0: its endpoint asked to be left alone. */
  slots: number;
}

/**
 * Lanes with free slots that may have something due, of the accounts that have waited longest; they share the
 * slots. Those without a slot here are passed over, and there are no more of them than deliveries in flight.
 */
export async function dueLanes(
  db: Db,
  { limit, perLane, perAccount, inFlight }: FreeSlots,
  now: Date,
): Promise<DueLane[]> {
  const { rows } = await sql<DueLane>`
    with full_lanes as materialized (
      select busy.lane from ${counted(inFlight.lanes, 'lane')}
      left join webhook_endpoints as endpoint on endpoint.id = busy.lane
      where busy.count >= case when endpoint.failing_since is null then ${perLane}::int else 1 end
    ), accounts as materialized (
      select due.account_id, ${perAccount}::int - coalesce(busy.count, 0) as slots
      from webhook_accounts as due left join ${counted(inFlight.accounts, 'account_id')} using (account_id)
      where due.due_at <= ${now} and coalesce(busy.count, 0) < ${perAccount}::int
      order by due.due_at limit ${limit}
    ), due as materialized (
      select accounts.account_id, accounts.slots, lanes.lane
      from accounts left join lateral (
        select lane from webhook_lanes
        where account_id = accounts.account_id and due_at <= ${now} and lane not in (select lane from full_lanes)
        order by due_at limit accounts.slots
      ) as lanes on true
      where lanes.lane is not null or not exists (
        select from webhook_lanes where account_id = accounts.account_id and due_at <= ${now}
      )
      limit ${limit}
    )
    select due.account_id as "accountId", due.lane, case when endpoint.held_until > ${now} then 0 else least(
        case when endpoint.failing_since is null then ${perLane}::int else 1 end - coalesce(busy.count, 0),
        greatest(1, due.slots / count(*) over (partition by due.account_id)),
        greatest(1, ${limit}::int / count(*) over ())
      ) end::int as slots
    from due left join webhook_endpoints as endpoint on endpoint.id = due.lane
    left join ${counted(inFlight.lanes, 'lane')} on busy.lane = due.lane`.execute(db);
  return rows;
}

function counted(counts: ReadonlyMap<string, number>, name: 'lane' | 'account_id'): RawBuilder<unknown> {
  const columns = sql`(${sql.ref(name)}, count)`;
  return sql`unnest(${[...counts.keys()]}::uuid[], ${[...counts.values()]}::int[]) as busy ${columns}`;
}

/**
 * Writes down when there is something to attempt in lanes that had nothing, and in their accounts, unless another
 * server is just doing so. Returns whether any has to be looked at later, or never.
 */
export async function settleLanes(
  { db }: Pick<Store, 'db'>,
  idle: readonly DueLane[],
  now: Date,
): Promise<boolean> {
  // Each lock is a statement of its own before the one that looks, which so sees what writers had locked it for.
  return db.transaction().execute(async (tx) => {
    const { rows: lanes } = await sql<{ lane: string }>`
      select lane from webhook_lanes where lane = any(${idle.flatMap(({ lane }) => lane ?? [])}::uuid[])
      order by lane for no key update skip locked`.execute(tx);
    const { rows: moved } = await sql<{ later: boolean }>`
      with next as materialized (
        select locked.lane, endpoint.held_until, (
          select next_attempt_at from webhook_deliveries as delivery
          where delivery.lane = locked.lane and delivery.status = 'pending' order by next_attempt_at limit 1
        ) as attempt_at
        from unnest(${lanes.map(({ lane }) => lane)}::uuid[]) as locked (lane)
        left join webhook_endpoints as endpoint on endpoint.id = locked.lane
      ), done as (
        delete from webhook_lanes using next
        where webhook_lanes.lane = next.lane and next.attempt_at is null returning true as later
      ), moved as (
        update webhook_lanes set due_at = greatest(next.attempt_at, next.held_until) from next
        where webhook_lanes.lane = next.lane and webhook_lanes.due_at < greatest(next.attempt_at, next.held_until)
          and next.attempt_at is not null
        returning webhook_lanes.due_at > ${now} as later
      )
      select later from done union all select later from moved`.execute(tx);
    const settled = await settleAccounts(tx, idle, now);
    return settled || moved.some(({ later }) => later);
  });
}

async function settleAccounts(tx: Tx, idle: readonly DueLane[], now: Date): Promise<boolean> {
  const ids = [...new Set(idle.map(({ accountId }) => accountId))];
  const { rows: accounts } = await sql<{ id: string }>`
    select account_id as id from webhook_accounts where account_id = any(${ids}::uuid[])
    order by account_id for no key update skip locked`.execute(tx);
  const { rows: moved } = await sql<{ later: boolean }>`
    with next as materialized (
      select locked.account_id, (
        select due_at from webhook_lanes as lane where lane.account_id = locked.account_id order by due_at limit 1
      ) as due_at from unnest(${accounts.map(({ id }) => id)}::uuid[]) as locked (account_id)
    ), done as (
      delete from webhook_accounts using next
      where webhook_accounts.account_id = next.account_id and next.due_at is null returning true as later
    ), moved as (
      update webhook_accounts set due_at = next.due_at from next
      where webhook_accounts.account_id = next.account_id and webhook_accounts.due_at < next.due_at
      returning webhook_accounts.due_at > ${now} as later
    )
    select later from done union all select later from moved`.execute(tx);
  return moved.some(({ later }) => later);
}
