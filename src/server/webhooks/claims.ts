// Takes deliveries that are due, for one server to attempt; another takes them over when nothing comes of it.
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { Store } from '../../db/store.ts';
import type { Db, WebhookEventRow } from '../../db/tables.ts';
import { type DueLane, dueLanes, type FreeSlots, settleLanes } from './lanes.ts';
import type { SealedSecret } from './secrets.ts';

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
  /** The newest first. */
  secrets: SealedSecret[];
}

export interface ClaimOptions extends FreeSlots {
  /** After which another server may take over. */
  claimMs: number;
}

/** Looks at lanes that had nothing after all before it leaves the rest to the next time. */
const LOOKS_MOST = 20;

/**
 * Due deliveries, of each lane the oldest, together roughly the oldest first. It costs what there is to claim, not
 * what waits: neither for later, nor for a slot, nor for an endpoint that asked to be left alone.
 */
export async function claimDeliveries(
  store: Pick<Store, 'db' | 'clock'>,
  { claimMs, ...slots }: ClaimOptions,
): Promise<ClaimedDelivery[]> {
  for (let look = 0; look < LOOKS_MOST; look += 1) {
    const now = store.clock.now();
    const due = await dueLanes(store.db, slots, now);
    if (due.length === 0) return [];
    const claimed = await claimFrom(store.db, due, { now, claimMs });
    const busy = new Set(claimed.map(({ lane }) => lane));
    const idle = due.filter(({ lane }) => lane === null || !busy.has(lane));
    const settled = idle.length > 0 && (await settleLanes(store, idle, now));
    if (claimed.length > 0 || !settled) return claimed;
  }
  return [];
}

async function claimFrom(
  db: Db,
  due: readonly DueLane[],
  { now, claimMs }: { now: Date; claimMs: number },
): Promise<ClaimedDelivery[]> {
  const open = due.filter(({ lane, slots }) => lane !== null && slots > 0);
  if (open.length === 0) return [];
  const claimId = randomUUID();
  // One number that the planner knows: with one for each lane it would expect thousands, and sort all that waits.
  const most = Math.max(...open.map(({ slots }) => slots));
  const { rows } = await sql<Row>`
    with picked as (
      select open.slots, first.id,
        row_number() over (partition by open.lane order by first.next_attempt_at) as slot
      from unnest(${open.map(({ lane }) => lane)}::uuid[], ${open.map(({ slots }) => slots)}::int[])
        as open (lane, slots)
      cross join lateral (
        select id, next_attempt_at from webhook_deliveries as delivery
        where delivery.lane = open.lane and delivery.status = 'pending' and delivery.next_attempt_at <= ${now}
        order by delivery.next_attempt_at limit ${most}
        for no key update skip locked
      ) as first
    ), claimed as (
      update webhook_deliveries as delivery
      set claim_id = ${claimId}, next_attempt_at = ${new Date(now.getTime() + claimMs)}
      -- As an array, of which the planner expects few: it reads those rows, and not all.
      where delivery.id = any(array(select id from picked where slot <= slots))
      returning delivery.*
    )
    select claimed.id, claimed.account_id as "accountId", claimed.claim_id as "claimId",
      claimed.endpoint_id as "endpointId", claimed.lane, claimed.attempts_made as "attemptsMade",
      coalesce(endpoint.url, claimed.url) as url, event.id as event_id, event.type, event.created_at, event.data,
      array(
        select secret.id::text || ':' || encode(secret.sealed, 'base64') from webhook_secrets as secret
        where secret.account_id = claimed.account_id and secret.endpoint_id is not distinct from claimed.endpoint_id
          and (secret.works_until is null or secret.works_until > ${now})
        order by secret.created_at desc
      ) as secrets
    from claimed join webhook_events as event on event.id = claimed.event_id
    left join webhook_endpoints as endpoint on endpoint.id = claimed.endpoint_id
    order by event.created_at, event.id`.execute(db);
  return rows.map(({ event_id, type, created_at, data, secrets, ...delivery }) => ({
    ...delivery,
    event: { id: event_id, type, created_at, data },
    secrets: secrets.map(toSealed),
  }));
}

/** Gives back what was not attempted after all, for any server to take at once. */
export async function releaseClaims(
  store: Pick<Store, 'db' | 'clock'>,
  deliveries: readonly ClaimedDelivery[],
): Promise<void> {
  if (deliveries.length === 0) return;
  const ids = deliveries.map(({ id }) => id);
  await store.db
    .updateTable('webhook_deliveries')
    .set({ next_attempt_at: store.clock.now(), claim_id: null })
    .where('id', 'in', ids)
    .where('claim_id', 'in', [...new Set(deliveries.map(({ claimId }) => claimId))])
    .where('status', '=', 'pending')
    .execute();
}

type Row = Omit<ClaimedDelivery, 'event' | 'secrets'> &
  Omit<ClaimedDelivery['event'], 'id'> & { event_id: string; secrets: string[] };

function toSealed(text: string): SealedSecret {
  const colon = text.indexOf(':');
  return { id: text.slice(0, colon), sealed: Buffer.from(text.slice(colon + 1), 'base64') };
}
