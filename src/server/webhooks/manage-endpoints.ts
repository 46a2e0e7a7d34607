// What the commands on webhooks do: each makes, changes, deletes, rotates or tries out an endpoint of the caller's
// account.
import { randomUUID } from 'node:crypto';
import type { Call } from '../../command/call.ts';
import { inTransaction } from '../../db/transaction.ts';
import { SeedError } from '../../protocol/errors.ts';
import { type EventTypes, TEST_EVENT } from '../../protocol/event-types.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { durationMs } from '../../protocol/time.ts';
import type { Webhook, WebhookChanges, WebhookDelivery, WebhookSettings } from '../../protocol/webhook.ts';
import { listDeliveries } from './deliveries.ts';
import {
  deleteEndpoint,
  getEndpoint,
  insertEndpoint,
  lockAndCountEndpoints,
  updateEndpoint,
} from './endpoints.ts';
import { emitEvent } from './events.ts';
import { mintWebhookSecret, replaceSecret } from './secrets.ts';
import { webhookUrl } from './url.ts';

export interface WebhookNeeds {
  eventTypes: EventTypes;
  /** What secrets in the database are sealed with. */
  secretsKey: string;
  /** Ranges that webhooks may be delivered to besides public addresses. */
  allowedNetworks: readonly string[];
}

/** How long a test waits for its attempt: what a receiver may take, and what it takes to get there and back. */
const TEST_PATIENCE_MS = LIMITS.webhookTimeoutMs + 5_000;

export async function createEndpoint(
  { store, actor: { accountId }, creationId }: Call,
  settings: WebhookSettings,
  needs: WebhookNeeds,
): Promise<{ webhook: Webhook; secret: string }> {
  const { secret, sealed } = mintWebhookSecret(needs.secretsKey);
  const endpoint = { ...settings, ...checked(settings, needs), id: creationId, accountId };
  const now = store.clock.now();
  const webhook = await inTransaction(store.db, async (tx) => {
    if ((await lockAndCountEndpoints(tx, accountId)) >= LIMITS.webhooksPerAccount) {
      throw new SeedError(
        'conflict',
        `the account has ${LIMITS.webhooksPerAccount} webhooks, and may not have more`,
        { hint: 'Delete one first, or send more types of events to one.' },
      );
    }
    const made = await insertEndpoint(tx, endpoint, now);
    await replaceSecret(tx, { accountId, endpointId: creationId }, { secret: sealed, previousUntil: now, now });
    return made;
  });
  return { webhook, secret };
}

export async function changeEndpoint(
  { store, actor: { accountId } }: Call,
  id: string,
  changes: WebhookChanges,
  needs: WebhookNeeds,
): Promise<Webhook> {
  if (Object.values(changes).every((value) => value === undefined)) {
    throw new SeedError('invalid_input', 'there is nothing to change', {
      hint: 'Give url, description, events or enabled.',
    });
  }
  const wanted = { ...changes, ...checked(changes, needs) };
  await inTransaction(store.db, (tx) => updateEndpoint(tx, { accountId, id }, wanted, store.clock.now()));
  return getEndpoint(store, accountId, id);
}

/** Returns it as it was. */
export async function removeEndpoint({ store, actor: { accountId } }: Call, id: string): Promise<Webhook> {
  const webhook = await getEndpoint(store, accountId, id);
  await inTransaction(store.db, (tx) => deleteEndpoint(tx, accountId, id, store.clock.now()));
  return webhook;
}

export async function rotateEndpoint(
  call: Call,
  id: string,
  grace: string,
  needs: WebhookNeeds,
): Promise<{ webhook: Webhook; secret: string }> {
  const get = () => getEndpoint(call.store, call.actor.accountId, id);
  await get();
  const secret = await rotateSecret(call, id, grace, needs);
  return { webhook: await get(), secret };
}

/**
 * @param endpointId null: the account's own secret, for the URLs that its tasks are run with
 * @param grace the span for which deliveries are signed with the present secret, too
 * @returns the new secret
 */
export async function rotateSecret(
  { store, actor: { accountId } }: Call,
  endpointId: string | null,
  grace: string,
  { secretsKey }: WebhookNeeds,
): Promise<string> {
  const { secret, sealed } = mintWebhookSecret(secretsKey);
  const now = store.clock.now();
  const previousUntil = new Date(now.getTime() + (durationMs(grace) ?? 0));
  await inTransaction(store.db, (tx) =>
    replaceSecret(tx, { accountId, endpointId }, { secret: sealed, previousUntil, now }),
  );
  return secret;
}

/** Emits an event for this endpoint alone and waits until it was attempted. */
export async function testEndpoint(
  { store, actor: { accountId }, waiting }: Call,
  id: string,
): Promise<WebhookDelivery> {
  const { enabled } = await getEndpoint(store, accountId, id);
  if (!enabled) {
    throw new SeedError('conflict', `webhook ${id} is off`, {
      hint: 'Switch it on first: seed webhooks update <id> --enabled.',
    });
  }
  const data = { webhookId: id, test: randomUUID() };
  const event = { accountId, type: TEST_EVENT, data, onlyEndpointId: id };
  const eventId = await store.db.transaction().execute((tx) => emitEvent(tx, event, store.clock.now()));
  using attempted = store.signals.subscribe(`webhook-test:${eventId}`);
  const until = performance.now() + TEST_PATIENCE_MS;
  const over = waiting();
  for (;;) {
    const { items } = await listDeliveries(store, accountId, { eventId, limit: 1 });
    const leftMs = until - performance.now();
    const [delivery] = items;
    if (delivery && (delivery.status !== 'pending' || leftMs <= 0 || over.aborted)) return delivery;
    if (leftMs <= 0 || over.aborted) throw new SeedError('unavailable', 'no server has sent the test yet');
    await attempted.next(Math.min(leftMs, 1_000), over);
  }
}

/** Those of the settings that are looked at. @throws SeedError invalid_input */
function checked<Settings extends WebhookChanges>(
  { url, events }: Settings,
  { eventTypes, allowedNetworks }: WebhookNeeds,
): Pick<Settings, 'url' | 'events'> {
  if (events) eventTypes.refuseUnknown(events);
  return {
    ...(url !== undefined && { url: webhookUrl(url, allowedNetworks) }),
    ...(events && { events: [...new Set(events)] }),
  } as Pick<Settings, 'url' | 'events'>;
}
