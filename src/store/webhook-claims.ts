// Takes deliveries that are due, for one server to attempt. Another takes them over when nothing has come of it after a while.
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { Store } from './store.ts';
import type { WebhookEventRow } from './tables.ts';

export interface ClaimedDelivery {
  id: string;
  accountId: string;
  claimId: string;
  endpointId: string | null;
  lane: string;
  url: string;
  /** Before this attempt, on the present schedule. */
  attemptsMade: number;
  event: Pick<WebhookEventRow, 'id' | 'type' | 'created_at' | 'data'>;
  /** The newest first; with their ids, which they are sealed for. */
  secrets: { id: string; sealed: Buffer }[];
}

export interface ClaimOptions {
  /** Deliveries at most. */
  limit: number;
  /** At a time of one lane, and of one account. A lane whose endpoint fails has one place. */
  perLane: number;
  perAccount: number;
  /** How many are under way here already, by lane and by account. */
  underWay: { lanes: ReadonlyMap<string, number>; accounts: ReadonlyMap<string, number> };
  /** After which another server may take over. */
  claimMs: number;
}

/**
 * Due deliveries, of each lane the oldest, together roughly the oldest first. Goes from lane to lane, so that a lane with a
 * hundred thousand waiting costs no more than one with ten. Endpoints that asked to be left alone are passed over.
 */
export async function claimDeliveries(
  store: Pick<Store, 'db' | 'clock'>,
  { limit, perLane, perAccount, underWay, claimMs }: ClaimOptions,
): Promise<ClaimedDelivery[]> {
  const now = store.clock.now();
  const claimId = randomUUID();
  const busy = (counts: ReadonlyMap<string, number>) =>
    sql`unnest(${[...counts.keys()]}::uuid[], ${[...counts.values()]}::int[])`;
  const { rows } = await sql<Row>`
    with recursive lanes as (
      (select lane from webhook_deliveries where status = 'pending' order by lane limit 1)
      union all
      select (
        select next.lane from webhook_deliveries as next
        where next.status = 'pending' and next.lane > lanes.lane order by next.lane limit 1
      ) from lanes where lanes.lane is not null
    ), open as (
      select lanes.lane,
        case when endpoint.failing_since is null then ${perLane}::int else 1 end - coalesce(busy.count, 0) as free
      from lanes
      left join ${busy(underWay.lanes)} as busy (lane, count) on busy.lane = lanes.lane
      left join webhook_endpoints as endpoint on endpoint.id = lanes.lane
      where lanes.lane is not null and (endpoint.held_until is null or endpoint.held_until <= ${now})
    ), ready as (
      select picked.*, row_number() over (partition by picked.account_id order by picked.next_attempt_at) as place
      from open cross join lateral (
        select id, account_id, next_attempt_at from webhook_deliveries as delivery
        where delivery.lane = open.lane and delivery.status = 'pending' and delivery.next_attempt_at <= ${now}
        order by delivery.next_attempt_at limit greatest(open.free, 0)
        for no key update skip locked
      ) as picked
    ), due as (
      select ready.id from ready
      left join ${busy(underWay.accounts)} as busy (account_id, count) on busy.account_id = ready.account_id
      where ready.place <= ${perAccount}::int - coalesce(busy.count, 0)
      order by ready.next_attempt_at limit ${limit}
    ), claimed as (
      update webhook_deliveries as delivery
      set claim_id = ${claimId}, next_attempt_at = ${new Date(now.getTime() + claimMs)}
      from due where delivery.id = due.id
      returning delivery.*
    )
    select claimed.id, claimed.account_id, claimed.endpoint_id, claimed.lane, claimed.attempts_made,
      coalesce(endpoint.url, claimed.url) as url,
      event.id as event_id, event.type, event.created_at, event.data,
      array(
        select secret.id::text || ':' || encode(secret.sealed, 'base64') from webhook_secrets as secret
        where secret.account_id = claimed.account_id and secret.endpoint_id is not distinct from claimed.endpoint_id
          and (secret.works_until is null or secret.works_until > ${now})
        order by secret.created_at desc
      ) as secrets
    from claimed join webhook_events as event on event.id = claimed.event_id
    left join webhook_endpoints as endpoint on endpoint.id = claimed.endpoint_id
    order by event.created_at, event.id`.execute(store.db);
  return rows.map((row) => ({
    id: row.id,
    accountId: row.account_id,
    claimId,
    endpointId: row.endpoint_id,
    lane: row.lane,
    url: row.url,
    attemptsMade: row.attempts_made,
    event: { id: row.event_id, type: row.type, created_at: row.created_at, data: row.data },
    secrets: row.secrets.map(toSealed),
  }));
}

/** Gives back what was not attempted after all, for any server to take at once. */
export async function releaseClaims(
  store: Pick<Store, 'db' | 'clock'>,
  deliveries: readonly ClaimedDelivery[],
): Promise<void> {
  if (deliveries.length === 0) return;
  await store.db
    .updateTable('webhook_deliveries')
    .set({ next_attempt_at: store.clock.now(), claim_id: null })
    .where(
      'id',
      'in',
      deliveries.map(({ id }) => id),
    )
    .where('claim_id', 'in', [...new Set(deliveries.map(({ claimId }) => claimId))])
    .where('status', '=', 'pending')
    .execute();
}

interface Row {
  id: string;
  account_id: string;
  endpoint_id: string | null;
  lane: string;
  attempts_made: number;
  url: string;
  event_id: string;
  type: string;
  created_at: Date;
  data: Record<string, unknown>;
  secrets: string[];
}

function toSealed(text: string): { id: string; sealed: Buffer } {
  const colon = text.indexOf(':');
  return { id: text.slice(0, colon), sealed: Buffer.from(text.slice(colon + 1), 'base64') };
}
