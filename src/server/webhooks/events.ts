// The events of accounts: written in the transaction that makes them happen, read as history and as a stream.
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { behindCursor, type PageRequest, pageOfRows } from '../../db/cursor.ts';
import { notified } from '../../db/signals.ts';
import { storableJson } from '../../db/storable.ts';
import type { Db, Tx, WebhookEventRow } from '../../db/tables.ts';
import { SeedError } from '../../protocol/errors.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { Page } from '../../protocol/page.ts';
import type { WebhookEvent } from '../../protocol/webhook.ts';

export interface NewEvent {
  accountId: string;
  /** One of the declared types (protocol/event-types.ts). */
  type: string;
  /** What happened, thin: ids and what changed. Never a secret. */
  data: Record<string, unknown>;
  /** Besides the account's endpoints it goes there. */
  url?: string | null;
  /** It goes to this endpoint and to no other. */
  onlyEndpointId?: string;
}

/**
 * Writes down what happens: it is delivered if the transaction commits, and only then. Returns its id.
 * @throws SeedError internal when the data is larger than LIMITS.webhookEventBytes
 */
export async function emitEvent(tx: Tx, event: NewEvent, now: Date): Promise<string> {
  const data = storableJson(event.data);
  if (Buffer.byteLength(data) > LIMITS.webhookEventBytes) {
    throw new SeedError(
      'internal',
      `an event of type "${event.type}" is larger than ${LIMITS.webhookEventBytes} bytes`,
    );
  }
  const id = randomUUID();
  await tx
    .insertInto('webhook_events')
    .values({
      id,
      account_id: event.accountId,
      type: event.type,
      created_at: now,
      data,
      url: event.url ?? null,
      only_endpoint_id: event.onlyEndpointId ?? null,
    })
    .returning(notified('webhooks'))
    .execute();
  return id;
}

export interface EventFilter extends PageRequest {
  /** Exact, or with .* at its end. */
  type?: string | undefined;
  since?: Date | undefined;
  until?: Date | undefined;
}

/** Newest first. */
export async function listEvents(
  db: Db,
  accountId: string,
  filter: EventFilter,
): Promise<Page<WebhookEvent>> {
  let query = db.selectFrom('webhook_events').selectAll().where('account_id', '=', accountId);
  const { type, since, until, cursor, limit } = filter;
  if (type?.endsWith('.*')) query = query.where(sql<boolean>`starts_with(type, ${type.slice(0, -1)})`);
  else if (type !== undefined && type !== '*') query = query.where('type', '=', type);
  if (since !== undefined) query = query.where('created_at', '>=', since);
  if (until !== undefined) query = query.where('created_at', '<', until);
  if (cursor !== undefined) query = query.where(behindCursor(cursor));
  const rows = await query
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute();
  return pageOfRows(rows, limit, toEvent);
}

/** Null when the account has no such event. */
export async function getEvent(db: Db, accountId: string, id: string): Promise<WebhookEvent | null> {
  const row = await db
    .selectFrom('webhook_events')
    .selectAll()
    .where('account_id', '=', accountId)
    .where('id', '=', id)
    .executeTakeFirst();
  return row ? toEvent(row) : null;
}

/** The place of the account's newest event that has one; 0 when there is none. */
export async function newestPosition(db: Db, accountId: string): Promise<number> {
  const { position } = await db
    .selectFrom('webhook_events')
    .select((row) => row.fn.max('position').as('position'))
    .where('account_id', '=', accountId)
    .executeTakeFirstOrThrow();
  return position ?? 0;
}

/** Events behind a place, in order. None comes later at a place before one that was read. */
export async function readEventsAfter(
  db: Db,
  accountId: string,
  position: number,
  limit: number,
): Promise<WebhookEvent[]> {
  const rows = await db
    .selectFrom('webhook_events')
    .selectAll()
    .where('account_id', '=', accountId)
    .where('position', '>', position)
    .orderBy('position')
    .limit(limit)
    .execute();
  return rows.map(toEvent);
}

function toEvent(row: WebhookEventRow): WebhookEvent {
  return {
    id: row.id,
    seq: row.position,
    type: row.type,
    timestamp: row.created_at.toISOString(),
    data: row.data,
  };
}
