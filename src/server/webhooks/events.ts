// The events of accounts: written in the transaction that makes them happen, read as history and as a stream, and
// deleted when they are older than the operator wants to keep them, with their deliveries and attempts.
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { newestFirst } from '../../db/cursor.ts';
import { storableJson } from '../../db/storable.ts';
import type { Store } from '../../db/store.ts';
import type { Db, Tx, WebhookEventRow } from '../../db/tables.ts';
import { notify } from '../../db/telling.ts';
import type { Loop } from '../../lib/every.ts';
import type { Logger } from '../../lib/log.ts';
import { SeedError } from '../../protocol/errors.ts';
import { matchesType } from '../../protocol/event-types.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { Page } from '../../protocol/page.ts';
import { pastTime } from '../../protocol/time.ts';
import type { WebhookEvent, WebhookEventFilter } from '../../protocol/webhook.ts';

const STREAM_BATCH = 200;
/** A stream looks at the table even without a notification, should one have been lost with a connection. */
const LOOK_AGAIN_MS = 5_000;

export interface NewEvent {
  accountId: string;
  /** One of the declared types (protocol/event-types.ts). */
  type: string;
  /** What happened, thin: ids and what changed. Never a secret. */
  data: Record<string, unknown>;
  /** The task whose agent brought it about, where its data does not say so: what it says goes with that. */
  taskId?: string | null;
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
  const most = LIMITS.webhookEventBytes;
  if (Buffer.byteLength(data) > most)
    throw new SeedError('internal', `an event of type "${event.type}" is larger than ${most} bytes`);
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
      task_id: event.taskId ?? null,
    })
    .execute();
  await notify(tx, 'webhooks');
  return id;
}

/** Newest first. */
export async function listEvents(
  { db, clock }: Pick<Store, 'db' | 'clock'>,
  accountId: string,
  filter: WebhookEventFilter,
): Promise<Page<WebhookEvent>> {
  let query = db.selectFrom('webhook_events').selectAll().where('account_id', '=', accountId);
  const { type, since, until } = filter;
  if (type?.endsWith('.*')) query = query.where(sql<boolean>`starts_with(type, ${type.slice(0, -1)})`);
  else if (type !== undefined && type !== '*') query = query.where('type', '=', type);
  if (since !== undefined) query = query.where('created_at', '>=', pastTime(since, clock.now()));
  if (until !== undefined) query = query.where('created_at', '<', pastTime(until, clock.now()));
  return newestFirst(query, filter, toEvent);
}

/** @throws SeedError not_found */
export async function getEvent(db: Db, accountId: string, id: string): Promise<WebhookEvent> {
  const row = await db
    .selectFrom('webhook_events')
    .selectAll()
    .where('account_id', '=', accountId)
    .where('id', '=', id)
    .executeTakeFirst();
  if (!row) throw new SeedError('not_found', `there is no event ${id}`);
  return toEvent(row);
}

/** The position of the account's newest event that has one; 0 when there is none. */
async function newestPosition(db: Db, accountId: string): Promise<number> {
  const { position } = await db
    .selectFrom('webhook_events')
    .select((row) => row.fn.max('position').as('position'))
    .where('account_id', '=', accountId)
    .executeTakeFirstOrThrow();
  return position ?? 0;
}

/** Events behind a position, in order. None comes later at a position before one that was read. */
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

export interface StreamedEvents {
  accountId: string;
  /** The seq of the last one known; undefined: only new ones. */
  after: number | undefined;
  /** A type, or a pattern of types; undefined: all. */
  type: string | undefined;
}

/** The events of an account as they come, until the reader goes away. */
export async function streamEvents(
  store: Store,
  wanted: StreamedEvents,
  signal: AbortSignal,
): Promise<AsyncIterable<{ id: number; item: WebhookEvent }>> {
  const after = wanted.after ?? (await newestPosition(store.db, wanted.accountId));
  return follow(store, wanted, after, signal);
}

async function* follow(
  { db, signals }: Store,
  { accountId, type = '*' }: StreamedEvents,
  after: number,
  signal: AbortSignal,
): AsyncGenerator<{ id: number; item: WebhookEvent }> {
  using changes = signals.subscribe(`webhook-events:${accountId}`);
  let position = after;
  while (!signal.aborted) {
    const events = await readEventsAfter(db, accountId, position, STREAM_BATCH);
    for (const event of events) {
      position = event.seq ?? position;
      if (matchesType(type, event.type)) yield { id: position, item: event };
    }
    if (events.length === 0) await changes.next(LOOK_AGAIN_MS, signal);
  }
}

function toEvent({ id, position, type, created_at, data }: WebhookEventRow): WebhookEvent {
  return { id, seq: position, type, timestamp: created_at.toISOString(), data };
}

const PRUNE_EVERY_MS = 3_600_000;
const DAY_MS = 86_400_000;
const PRUNE_BATCH = 2_000;
/** What the data of packs' events calls a task's id may be anything. */
const UUID = '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$';

/** @param days after which events are deleted */
export function keepEventsFor(days: number, store: Store, log: Logger): Loop {
  return store.loops.every({ everyMs: PRUNE_EVERY_MS, atOnce: true, name: 'delete old webhook events', log }, () =>
    pruneWebhookEvents(store, new Date(store.clock.now().getTime() - days * DAY_MS)),
  );
}

/** Several servers may call it at once: each takes others. Returns how many events it deleted. */
export async function pruneWebhookEvents(store: Pick<Store, 'longRunning'>, before: Date): Promise<number> {
  let deleted = 0;
  for (;;) {
    const { numAffectedRows = 0n } = await sql`
      delete from webhook_events where id in (
        select id from webhook_events where created_at < ${before}
          and not is_task_held(case when data->>'taskId' ~ ${UUID} then (data->>'taskId')::uuid end, account_id)
        order by created_at limit ${PRUNE_BATCH} for update skip locked
      )`.execute(store.longRunning);
    deleted += Number(numAffectedRows);
    if (numAffectedRows < PRUNE_BATCH) return deleted;
  }
}
