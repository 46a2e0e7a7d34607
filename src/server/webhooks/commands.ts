// Webhooks, where the account hears of its events: the commands, and what each does with an endpoint of the
// caller's account. The events and their deliveries are in history-commands.ts.
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Call } from '../../command/call.ts';
import { defineCommand } from '../../command/define-command.ts';
import { inTransaction } from '../../db/transaction.ts';
import { SeedError } from '../../protocol/errors.ts';
import { type EventTypes, TEST_EVENT } from '../../protocol/event-types.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { moreThan } from '../../protocol/one-of-fields.ts';
import { pageInput, pageOf } from '../../protocol/page.ts';
import { Duration, durationMs } from '../../protocol/time.ts';
import { Webhook, WebhookChanges, WebhookDelivery, WebhookSettings } from '../../protocol/webhook.ts';
import { listDeliveries } from './deliveries.ts';
import {
  deleteEndpoint,
  getEndpoint,
  holdEndpoint,
  insertEndpoint,
  listEndpoints,
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

const settings = WebhookSettings.shape;
const WebhookId = z.uuid().describe('Id of the webhook');
const Grace = Duration.default('24h').describe(
  'How long deliveries are signed with the secret before, too; 0m: not at all',
);
const Secret = z.string().describe('whsec_…, for checking signatures; shown this once');
const AnsweredWebhook = z.object({ webhook: Webhook });
const SecretAnswer = z.object({ webhook: Webhook, secret: Secret });

export const createWebhook = defineCommand({
  name: 'webhooks create',
  summary: 'Have events posted to a URL, signed; the secret is shown once',
  http: 'POST /webhooks',
  scope: 'webhooks:write',
  effect: 'write',
  transactional: true,
  input: z.object({
    url: settings.url,
    description: settings.description.default(''),
    events: settings.events.default(['*']),
    enabled: settings.enabled.default(true),
  }),
  creates: true,
  output: SecretAnswer,
  successStatus: 201,
  examples: [
    'seed webhooks create --url https://example.com/hooks --events task.completed,task.failed',
    'seed webhooks create --url https://example.com/hooks --events "task.*" --description "tasks to chat"',
  ],
  run: (input, call, needs: WebhookNeeds) => createEndpoint(call, input, needs),
});

export const listWebhooks = defineCommand({
  name: 'webhooks list',
  summary: 'List webhooks, newest first',
  http: 'GET /webhooks',
  scope: 'webhooks:read',
  effect: 'read',
  input: z.object(pageInput),
  output: pageOf(Webhook),
  columns: ['id', 'url', 'events', 'enabled', 'disabledReason', 'failingSince'],
  examples: ['seed webhooks list'],
  run: (page, { store, actor }) => listEndpoints(store, actor.accountId, page),
});

export const getWebhook = defineCommand({
  name: 'webhooks get',
  summary: 'Show a webhook',
  http: 'GET /webhooks/{id}',
  scope: 'webhooks:read',
  effect: 'read',
  input: z.object({ id: WebhookId }),
  output: AnsweredWebhook,
  examples: ['seed webhooks get 0d9f1c7e-4a8e-4a55-9f6a-3f1f8f0b7c11'],
  run: async ({ id }, { store, actor }) => ({ webhook: await getEndpoint(store, actor.accountId, id) }),
});

export const updateWebhook = defineCommand({
  name: 'webhooks update',
  summary: 'Change a webhook, or switch it off and on; what waits for it when it goes off has failed',
  http: 'PATCH /webhooks/{id}',
  scope: 'webhooks:write',
  effect: 'write',
  transactional: true,
  input: z.object({ id: WebhookId, ...WebhookChanges.shape }).meta(moreThan('id')),
  output: AnsweredWebhook,
  examples: [
    'seed webhooks update 0d9f1c7e-4a8e-4a55-9f6a-3f1f8f0b7c11 --events "*"',
    'seed webhooks update 0d9f1c7e-4a8e-4a55-9f6a-3f1f8f0b7c11 --enabled',
  ],
  run: async ({ id, ...changes }, call, needs: WebhookNeeds) => ({
    webhook: await changeEndpoint(call, id, changes, needs),
  }),
});

export const deleteWebhook = defineCommand({
  name: 'webhooks delete',
  summary: 'Delete a webhook; its history stays',
  http: 'DELETE /webhooks/{id}',
  scope: 'webhooks:write',
  effect: 'destructive',
  transactional: true,
  input: z.object({ id: WebhookId }),
  output: AnsweredWebhook,
  examples: ['seed webhooks delete 0d9f1c7e-4a8e-4a55-9f6a-3f1f8f0b7c11'],
  run: async ({ id }, call) => ({ webhook: await removeEndpoint(call, id) }),
});

export const rotateWebhook = defineCommand({
  name: 'webhooks rotate',
  summary: 'Give a webhook a new secret; the one before signs as well for a while. The secret is shown once',
  http: 'POST /webhooks/{id}/rotate',
  scope: 'webhooks:write',
  effect: 'write',
  transactional: true,
  input: z.object({ id: WebhookId, grace: Grace }),
  creates: true,
  output: SecretAnswer,
  examples: ['seed webhooks rotate 0d9f1c7e-4a8e-4a55-9f6a-3f1f8f0b7c11'],
  run: ({ id, grace }, call, needs: WebhookNeeds) => rotateEndpoint(call, id, grace, needs),
});

export const rotateDefaultSecret = defineCommand({
  name: 'webhooks default-secret rotate',
  summary: 'Make a new secret for the webhookUrl of tasks; the one before signs as well for a while',
  http: 'POST /webhooks/default-secret/rotate',
  scope: 'webhooks:write',
  effect: 'write',
  transactional: true,
  input: z.object({ grace: Grace }),
  creates: true,
  output: z.object({ secret: Secret }),
  examples: ['seed webhooks default-secret rotate'],
  run: async ({ grace }, call, needs: WebhookNeeds) => ({
    secret: await rotateSecret(call, null, grace, needs),
  }),
});

export const testWebhook = defineCommand({
  name: 'webhooks test',
  summary: 'Send a webhook.test event to a webhook, once, and show what it answered',
  http: 'POST /webhooks/{id}/test',
  scope: 'webhooks:write',
  effect: 'write',
  input: z.object({ id: WebhookId }),
  output: z.object({ delivery: WebhookDelivery }),
  examples: ['seed webhooks test 0d9f1c7e-4a8e-4a55-9f6a-3f1f8f0b7c11'],
  run: async ({ id }, call) => ({ delivery: await testEndpoint(call, id) }),
});

/** How long a test waits for its attempt: what a receiver may take, and the way there and back. */
const TEST_PATIENCE_MS = LIMITS.webhookTimeoutMs + 5_000;

async function createEndpoint(
  { store, actor: { accountId }, creationId }: Call,
  settings: WebhookSettings,
  needs: WebhookNeeds,
): Promise<{ webhook: Webhook; secret: string }> {
  const { secret, sealed } = mintWebhookSecret(needs.secretsKey);
  const endpoint = { ...settings, ...checked(settings, needs), id: creationId, accountId };
  const now = store.clock.now();
  const most = LIMITS.webhooksPerAccount;
  const webhook = await inTransaction(store.db, async (tx) => {
    if ((await lockAndCountEndpoints(tx, accountId)) >= most) {
      throw new SeedError('conflict', `the account has ${most} webhooks, and may not have more`, {
        hint: 'Delete one first, or send more types of events to one.',
      });
    }
    const made = await insertEndpoint(tx, endpoint, now);
    await replaceSecret(tx, { accountId, endpointId: creationId }, { secret: sealed, previousUntil: now, now });
    return made;
  });
  return { webhook, secret };
}

async function changeEndpoint(
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
async function removeEndpoint({ store, actor: { accountId } }: Call, id: string): Promise<Webhook> {
  const webhook = await getEndpoint(store, accountId, id);
  await inTransaction(store.db, (tx) => deleteEndpoint(tx, accountId, id, store.clock.now()));
  return webhook;
}

async function rotateEndpoint(
  call: Call,
  id: string,
  grace: string,
  needs: WebhookNeeds,
): Promise<{ webhook: Webhook; secret: string }> {
  const get = () => getEndpoint(call.store, call.actor.accountId, id);
  // Nobody deletes it before it has its new secret.
  await holdEndpoint(call.store.db, call.actor.accountId, id);
  const secret = await rotateSecret(call, id, grace, needs);
  return { webhook: await get(), secret };
}

/**
 * @param endpointId null: the account's own secret, for the URLs that its tasks are run with
 * @param grace the span for which deliveries are signed with the present secret, too
 * @returns the new secret
 */
async function rotateSecret(
  { store, actor: { accountId } }: Call,
  endpointId: string | null,
  grace: string,
  { secretsKey }: WebhookNeeds,
): Promise<string> {
  const { secret, sealed } = mintWebhookSecret(secretsKey);
  const now = store.clock.now();
  const wanted = { secret: sealed, previousUntil: new Date(now.getTime() + (durationMs(grace) ?? 0)), now };
  await inTransaction(store.db, (tx) => replaceSecret(tx, { accountId, endpointId }, wanted));
  return secret;
}

/** Emits an event for this endpoint alone and waits until it was attempted. */
async function testEndpoint({ store, actor: { accountId }, waiting }: Call, id: string): Promise<WebhookDelivery> {
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
    const [delivery] = (await listDeliveries(store, accountId, { eventId, limit: 1 })).items;
    const leftMs = until - performance.now();
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
