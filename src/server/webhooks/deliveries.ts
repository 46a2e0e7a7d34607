// What became of each event at each endpoint: listed with its attempts, and replayed.
import { sql } from 'kysely';
import { newestFirst } from '../../db/cursor.ts';
import type { Store } from '../../db/store.ts';
import type { Db, WebhookDeliveryRow } from '../../db/tables.ts';
import { notify } from '../../db/telling.ts';
import { inTransaction } from '../../db/transaction.ts';
import { SeedError } from '../../protocol/errors.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { Page } from '../../protocol/page.ts';
import { pastTime } from '../../protocol/time.ts';
import type { WebhookAttempt, WebhookDelivery, WebhookDeliveryFilter } from '../../protocol/webhook.ts';

type Row = WebhookDeliveryRow & { event_type: string };

/** Newest first. */
export async function listDeliveries(
  { db, clock }: Pick<Store, 'db' | 'clock'>,
  accountId: string,
  filter: WebhookDeliveryFilter,
): Promise<Page<WebhookDelivery>> {
  const { status, webhookId, eventId, since, until } = filter;
  let query = select(db, accountId);
  if (status !== undefined) query = query.where('status', '=', status);
  if (webhookId !== undefined) query = query.where('endpoint_id', '=', webhookId);
  if (eventId !== undefined) query = query.where('event_id', '=', eventId);
  if (since !== undefined) query = query.where('created_at', '>=', pastTime(since, clock.now()));
  if (until !== undefined) query = query.where('created_at', '<', pastTime(until, clock.now()));
  const { items: rows, nextCursor } = await newestFirst(query, filter, (row) => row);
  return { items: await toDeliveries(db, rows), nextCursor };
}

/** @throws SeedError not_found */
export async function getDelivery(db: Db, accountId: string, id: string): Promise<WebhookDelivery> {
  const rows = await select(db, accountId).where('id', '=', id).execute();
  const [delivery] = await toDeliveries(db, rows);
  if (!delivery) throw new SeedError('not_found', `there is no delivery ${id}`);
  return delivery;
}

export interface ReplayFilter {
  id?: string | undefined;
  webhookId?: string | undefined;
  /** Failed ones only, made from then on. */
  failedSince?: Date | undefined;
}

/** Starts the schedule anew, but not of endpoints that are off or deleted. Returns how many were started. */
export async function replayDeliveries(store: Store, accountId: string, filter: ReplayFilter): Promise<number> {
  const { id, webhookId, failedSince } = filter;
  return inTransaction(store.db, async (tx) => {
    let query = tx
      .updateTable('webhook_deliveries')
      .set({ status: 'pending', attempts_made: 0, claim_id: null, completed_at: null })
      .set('next_attempt_at', store.clock.now())
      .where('account_id', '=', accountId)
      // Of a forgotten task, its own URL is gone.
      .where('url', '<>', '')
      .where(
        sql<boolean>`(endpoint_id is null or endpoint_id in (
          select id from webhook_endpoints where account_id = ${accountId} and enabled
        ))`,
      );
    if (id !== undefined) query = query.where('id', '=', id);
    if (webhookId !== undefined) query = query.where('endpoint_id', '=', webhookId);
    if (failedSince !== undefined)
      query = query.where('status', '=', 'failed').where('created_at', '>=', failedSince);
    const { numUpdatedRows } = await query.executeTakeFirst();
    await notify(tx, 'webhooks');
    return Number(numUpdatedRows);
  });
}

/** @throws SeedError conflict: its endpoint is off or deleted */
export async function replayDelivery(store: Store, accountId: string, id: string): Promise<WebhookDelivery> {
  const { status, webhookId } = await getDelivery(store.db, accountId, id);
  if ((await replayDeliveries(store, accountId, { id })) > 0) return getDelivery(store.db, accountId, id);
  throw new SeedError('conflict', `this delivery is ${status}, and webhook ${webhookId} is off or deleted`, {
    hint: 'Switch the webhook on first: seed webhooks update <id> --enabled.',
  });
}

function select(db: Db, accountId: string) {
  return db
    .selectFrom('webhook_deliveries')
    .selectAll()
    .select(sql<string>`(select type from webhook_events where webhook_events.id = event_id)`.as('event_type'))
    .where('account_id', '=', accountId);
}

/** The deliveries with their latest attempts. */
async function toDeliveries(db: Db, deliveries: readonly Row[]): Promise<WebhookDelivery[]> {
  const ids = deliveries.map(({ id }) => id);
  const { rows } = await sql<AttemptOfDelivery>`
    select attempt.* from unnest(${ids}::uuid[]) as delivery (id) cross join lateral (
      select delivery_id, created_at, duration_ms, status, error, answer from webhook_attempts
      where delivery_id = delivery.id order by created_at desc, id desc limit ${LIMITS.webhookAttemptsShown}
    ) as attempt
    order by attempt.created_at`.execute(db);
  const attempts = Map.groupBy(rows, ({ delivery_id }) => delivery_id);
  return deliveries.map((row) => toDelivery(row, (attempts.get(row.id) ?? []).map(toAttempt)));
}

interface AttemptOfDelivery extends Pick<WebhookAttempt, 'status' | 'error' | 'answer'> {
  delivery_id: string;
  created_at: Date;
  duration_ms: number;
}

function toAttempt({ created_at, duration_ms, status, error, answer }: AttemptOfDelivery): WebhookAttempt {
  return { at: created_at.toISOString(), durationMs: duration_ms, status, error, answer };
}

function toDelivery(row: Row, attempts: WebhookAttempt[]): WebhookDelivery {
  return {
    id: row.id,
    eventId: row.event_id,
    eventType: row.event_type,
    webhookId: row.endpoint_id,
    url: row.url,
    status: row.status,
    createdAt: row.created_at.toISOString(),
    nextAttemptAt: row.next_attempt_at?.toISOString() ?? null,
    completedAt: row.completed_at?.toISOString() ?? null,
    attempts,
  };
}
