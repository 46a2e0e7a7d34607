// The rows of an account's endpoints: made, read, changed, deleted, and switched off when they are gone or fail
// for too long. Called by the commands (commands.ts) and by who records attempts (outcomes.ts).
import { sql } from 'kysely';
import { newestFirst, type PageRequest } from '../../db/cursor.ts';
import { storableText } from '../../db/storable.ts';
import type { Store } from '../../db/store.ts';
import type { Db, Tx, WebhookEndpointRow } from '../../db/tables.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { Page } from '../../protocol/page.ts';
import type { Webhook, WebhookChanges, WebhookSettings } from '../../protocol/webhook.ts';
import { emitEvent } from './events.ts';

export interface NewEndpoint extends WebhookSettings {
  id: string;
  accountId: string;
}

type Row = WebhookEndpointRow & { previous_secret_until: Date | null };

export async function insertEndpoint(tx: Tx, endpoint: NewEndpoint, now: Date): Promise<Webhook> {
  const row = await tx
    .insertInto('webhook_endpoints')
    .values({
      id: endpoint.id,
      account_id: endpoint.accountId,
      url: storableText(endpoint.url),
      description: storableText(endpoint.description),
      event_types: endpoint.events,
      enabled: endpoint.enabled,
      disabled_reason: endpoint.enabled ? null : 'switched_off',
      created_at: now,
      updated_at: now,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return toWebhook({ ...row, previous_secret_until: null });
}

/** Waits for others that make endpoints of the account until the transaction ends. */
export async function lockAndCountEndpoints(tx: Tx, accountId: string): Promise<number> {
  await tx.selectFrom('accounts').select('id').where('id', '=', accountId).forNoKeyUpdate().execute();
  const { count } = await tx
    .selectFrom('webhook_endpoints')
    .select((row) => row.fn.countAll<number>().as('count'))
    .where('account_id', '=', accountId)
    .executeTakeFirstOrThrow();
  return count;
}

/** Newest first. */
export async function listEndpoints(
  { db, clock }: Pick<Store, 'db' | 'clock'>,
  accountId: string,
  page: PageRequest,
): Promise<Page<Webhook>> {
  return newestFirst(select(db, clock.now()).where('account_id', '=', accountId), page, toWebhook);
}

/** @throws SeedError not_found */
export async function getEndpoint(
  { db, clock }: Pick<Store, 'db' | 'clock'>,
  accountId: string,
  id: string,
): Promise<Webhook> {
  const row = await select(db, clock.now())
    .where('account_id', '=', accountId)
    .where('id', '=', id)
    .executeTakeFirst();
  if (!row) throw noSuchEndpoint(id);
  return toWebhook(row);
}

const noSuchEndpoint = (id: string) => new SeedError('not_found', `there is no webhook ${id}`);

/** Keeps the endpoint from being deleted until the transaction ends. @throws SeedError not_found */
export async function holdEndpoint(tx: Db, accountId: string, id: string): Promise<void> {
  const held = await tx
    .selectFrom('webhook_endpoints')
    .select('id')
    .where('account_id', '=', accountId)
    .where('id', '=', id)
    .forKeyShare()
    .executeTakeFirst();
  if (!held) throw noSuchEndpoint(id);
}

/** Switching it on forgets its failures, off ends what waits for it. False when there is no such endpoint. */
export async function updateEndpoint(
  tx: Tx,
  { accountId, id }: { accountId: string; id: string },
  { url, description, events, enabled }: WebhookChanges,
  now: Date,
): Promise<boolean> {
  const row = await tx
    .updateTable('webhook_endpoints')
    .set({
      url: url === undefined ? undefined : storableText(url),
      description: description === undefined ? undefined : storableText(description),
      event_types: events,
      enabled,
      ...(url !== undefined && { failing_since: null, held_until: null }),
      ...(enabled === true && { disabled_reason: null, failing_since: null, held_until: null }),
      ...(enabled === false && { disabled_reason: sql`coalesce(disabled_reason, 'switched_off')` }),
      updated_at: now,
    })
    .where('account_id', '=', accountId)
    .where('id', '=', id)
    .returning('id')
    .executeTakeFirst();
  if (row && enabled === false) await failPending(tx, id, now);
  return row !== undefined;
}

/** What was delivered stays in the history. */
export async function deleteEndpoint(tx: Tx, accountId: string, id: string, now: Date): Promise<void> {
  const deleted = await tx
    .deleteFrom('webhook_endpoints')
    .where('account_id', '=', accountId)
    .where('id', '=', id)
    .returning('id')
    .executeTakeFirst();
  if (deleted) await failPending(tx, id, now);
}

/** Unless it is off already, switches it off, fails what waits for it and tells the account's other endpoints. */
export async function disableEndpoint(tx: Tx, id: string, reason: 'gone' | 'failing', now: Date): Promise<void> {
  const disabled = await tx
    .updateTable('webhook_endpoints')
    .set({ enabled: false, disabled_reason: reason, updated_at: now })
    .where('id', '=', id)
    .where('enabled', '=', true)
    .returning(['account_id', 'failing_since'])
    .executeTakeFirst();
  if (!disabled) return;
  await failPending(tx, id, now);
  const failingSince = disabled.failing_since?.toISOString() ?? null;
  const data = { webhookId: id, reason, failingSince };
  await emitEvent(tx, { accountId: disabled.account_id, type: 'webhook.disabled', data }, now);
}

/** @param lane the endpoint, or what stands for a task's URL */
export async function failPending(tx: Tx, lane: string, now: Date): Promise<void> {
  await tx
    .updateTable('webhook_deliveries')
    .set({ status: 'failed', next_attempt_at: null, claim_id: null, completed_at: now })
    .where('lane', '=', lane)
    .where('status', '=', 'pending')
    .execute();
}

function select(db: Db, now: Date) {
  return db
    .selectFrom('webhook_endpoints')
    .selectAll()
    .select(
      sql<Date | null>`(
        select max(works_until) from webhook_secrets
        where endpoint_id = webhook_endpoints.id and works_until > ${now}
      )`.as('previous_secret_until'),
    );
}

function toWebhook(row: Row): Webhook {
  return {
    id: row.id,
    url: row.url,
    description: row.description,
    events: row.event_types,
    enabled: row.enabled,
    disabledReason: row.disabled_reason,
    failingSince: row.failing_since?.toISOString() ?? null,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
    previousSecretUntil: row.previous_secret_until?.toISOString() ?? null,
  };
}
