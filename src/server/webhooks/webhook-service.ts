// Webhooks of the caller's account.
import { randomUUID } from 'node:crypto';
import type { Actor } from '../../command/call.ts';
import type { WebhookCreation, WebhookService, WebhookUpdate } from '../../command/webhook-service.ts';
import { inTransaction } from '../../db/transaction.ts';
import { SeedError } from '../../protocol/errors.ts';
import { TEST_EVENT } from '../../protocol/event-types.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { durationMs, pastTime } from '../../protocol/time.ts';
import type { Webhook, WebhookDelivery } from '../../protocol/webhook.ts';
import type { HeldAnswer } from '../http/held-answer.ts';
import type { ServerParts } from '../parts.ts';
import { getDelivery, listDeliveries, replayDeliveries } from './deliveries.ts';
import {
  deleteEndpoint,
  getEndpoint,
  insertEndpoint,
  listEndpoints,
  lockAndCountEndpoints,
  updateEndpoint,
} from './endpoints.ts';
import { emitEvent, getEvent, listEvents } from './events.ts';
import { replaceSecret } from './secret-rows.ts';
import { mintWebhookSecret } from './secrets.ts';
import { streamWebhookEvents } from './stream.ts';
import { webhookUrl } from './webhook-url.ts';

/** How long a test waits for its attempt: what a receiver may take, and what it takes to get there and back. */
const TEST_PATIENCE_MS = LIMITS.webhookTimeoutMs + 5_000;

export function webhookService(parts: ServerParts, actor: Actor, held: HeldAnswer): WebhookService {
  const { store, eventTypes } = parts;
  const { accountId } = actor;
  const now = () => store.clock.now();
  const get = async (id: string) => found(await getEndpoint(store.db, accountId, id, now()), 'webhook', id);
  const delivery = async (id: string) => found(await getDelivery(store.db, accountId, id), 'delivery', id);
  const span = ({ since, until }: { since?: string | undefined; until?: string | undefined }) => ({
    since: since === undefined ? undefined : pastTime(since, now()),
    until: until === undefined ? undefined : pastTime(until, now()),
  });
  return {
    create: (id, input) => create(parts, accountId, id, input),
    list: (page) => listEndpoints(store.db, accountId, page, now()),
    get,
    update: async (id, changes) => {
      const checked = checkedChanges(parts, changes);
      await inTransaction(store.db, (tx) => updateEndpoint(tx, accountId, id, checked, now()));
      return get(id);
    },
    delete: async (id) => {
      const webhook = await get(id);
      await inTransaction(store.db, (tx) => deleteEndpoint(tx, accountId, id, now()));
      return webhook;
    },
    rotate: async (id, grace) => {
      await get(id);
      const secret = await rotate(parts, accountId, id, grace);
      return { webhook: await get(id), secret };
    },
    rotateDefaultSecret: async (grace) => ({ secret: await rotate(parts, accountId, null, grace) }),
    test: async (id) => sendTest(parts, accountId, await get(id), held.signal),
    listTypes: () => eventTypes.all.map(({ name, summary }) => ({ name, summary })),
    listEvents: async ({ since, until, type, ...page }) => {
      if (type !== undefined) eventTypes.refuseUnknown([type]);
      return listEvents(store.db, accountId, { ...page, type, ...span({ since, until }) });
    },
    getEvent: async (id) => {
      const event = found(await getEvent(store.db, accountId, id), 'event', id);
      const filter = { eventId: id, limit: LIMITS.webhooksPerAccount + 1 };
      return { event, deliveries: (await listDeliveries(store.db, accountId, filter)).items };
    },
    streamEvents: async ({ after, type }) => {
      if (type !== undefined) eventTypes.refuseUnknown([type]);
      return streamWebhookEvents(store, { accountId, keyId: actor.key.id, after, type }, held.signal);
    },
    listDeliveries: async ({ since, until, ...filter }) =>
      listDeliveries(store.db, accountId, { ...filter, ...span({ since, until }) }),
    getDelivery: delivery,
    replay: async (id) => {
      const { status, webhookId } = await delivery(id);
      if ((await replayDeliveries(store, accountId, { id })) === 0) throw cannotReplay(status, webhookId);
      return delivery(id);
    },
    replayFailed: async ({ since, webhookId }) => {
      if (webhookId !== undefined) await get(webhookId);
      return replayDeliveries(store, accountId, { webhookId, failedSince: pastTime(since, now()) });
    },
  };
}

function found<Thing>(thing: Thing | null, noun: string, id: string): Thing {
  if (thing !== null) return thing;
  throw new SeedError('not_found', `there is no ${noun} ${id}`);
}

function cannotReplay(status: string, webhookId: string | null): SeedError {
  return new SeedError('conflict', `this delivery is ${status}, and webhook ${webhookId} is off or deleted`, {
    hint: 'Switch the webhook on first: seed webhooks update <id> --enabled.',
  });
}

async function create(
  { store, secretsKey, webhookNetworks, eventTypes }: ServerParts,
  accountId: string,
  id: string,
  input: WebhookCreation,
): Promise<{ webhook: Webhook; secret: string }> {
  eventTypes.refuseUnknown(input.events);
  const endpoint = {
    ...input,
    id,
    accountId,
    url: webhookUrl(input.url, webhookNetworks),
    events: [...new Set(input.events)],
  };
  const { secret, sealed } = mintWebhookSecret(secretsKey);
  const now = store.clock.now();
  const webhook = await inTransaction(store.db, async (tx) => {
    if ((await lockAndCountEndpoints(tx, accountId)) >= LIMITS.webhooksPerAccount) {
      throw new SeedError(
        'conflict',
        `the account has ${LIMITS.webhooksPerAccount} webhooks, and may not have more`,
        {
          hint: 'Delete one first, or send more types of events to one.',
        },
      );
    }
    const made = await insertEndpoint(tx, endpoint, now);
    await replaceSecret(tx, { accountId, endpointId: id }, sealed, now, now);
    return made;
  });
  return { webhook, secret };
}

function checkedChanges({ webhookNetworks, eventTypes }: ServerParts, changes: WebhookUpdate): WebhookUpdate {
  const { url, events } = changes;
  if (Object.values(changes).every((value) => value === undefined)) {
    throw new SeedError('invalid_input', 'there is nothing to change', {
      hint: 'Give url, description, events or enabled.',
    });
  }
  if (events) eventTypes.refuseUnknown(events);
  return {
    ...changes,
    ...(url !== undefined && { url: webhookUrl(url, webhookNetworks) }),
    ...(events && { events: [...new Set(events)] }),
  };
}

async function rotate(
  { store, secretsKey }: ServerParts,
  accountId: string,
  endpointId: string | null,
  grace: string,
): Promise<string> {
  const { secret, sealed } = mintWebhookSecret(secretsKey);
  const now = store.clock.now();
  const previousUntil = new Date(now.getTime() + (durationMs(grace) ?? 0));
  await inTransaction(store.db, (tx) =>
    replaceSecret(tx, { accountId, endpointId }, sealed, previousUntil, now),
  );
  return secret;
}

/** Emits an event for this endpoint alone and waits until it was attempted. */
async function sendTest(
  { store }: ServerParts,
  accountId: string,
  { id, enabled }: Webhook,
  signal: AbortSignal,
): Promise<WebhookDelivery> {
  if (!enabled) {
    throw new SeedError('conflict', `webhook ${id} is off`, {
      hint: 'Switch it on first: seed webhooks update <id> --enabled.',
    });
  }
  const event = {
    accountId,
    type: TEST_EVENT,
    data: { webhookId: id, test: randomUUID() },
    onlyEndpointId: id,
  };
  const eventId = await store.db.transaction().execute((tx) => emitEvent(tx, event, store.clock.now()));
  using attempted = store.signals.subscribe(`webhook-test:${eventId}`);
  const until = performance.now() + TEST_PATIENCE_MS;
  for (;;) {
    const { items } = await listDeliveries(store.db, accountId, { eventId, limit: 1 });
    const leftMs = until - performance.now();
    const [delivery] = items;
    if (delivery && (delivery.status !== 'pending' || leftMs <= 0 || signal.aborted)) return delivery;
    if (leftMs <= 0 || signal.aborted) throw new SeedError('unavailable', 'no server has sent the test yet');
    await attempted.next(Math.min(leftMs, 1_000), signal);
  }
}
