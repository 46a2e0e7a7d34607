// What happened in the account, and what became of it at each webhook: events as a history and as a stream,
// deliveries with their attempts, and sending them again.
import { z } from 'zod';
import { defineCommand, defineStream } from '../../command/define-command.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { pageOf } from '../../protocol/page.ts';
import { PastTime, pastTime } from '../../protocol/time.ts';
import {
  WebhookDelivery,
  WebhookDeliveryFilter,
  WebhookEvent,
  WebhookEventFilter,
  WebhookEventType,
} from '../../protocol/webhook.ts';
import type { WebhookNeeds } from './commands.ts';
import { getDelivery, listDeliveries, replayDeliveries, replayDelivery } from './deliveries.ts';
import { getEndpoint } from './endpoints.ts';
import { getEvent, listEvents, streamEvents } from './events.ts';

type HistoryNeeds = Pick<WebhookNeeds, 'eventTypes'>;

const DeliveryId = z.uuid().describe('Id of the delivery');
const AnsweredDelivery = z.object({ delivery: WebhookDelivery });

export const listWebhookTypes = defineCommand({
  name: 'webhooks types list',
  summary: 'List the types of events that there are, those of packs included',
  http: 'GET /webhooks/types',
  scope: 'webhooks:read',
  effect: 'read',
  input: z.object({}),
  output: pageOf(WebhookEventType),
  columns: ['name', 'summary'],
  examples: ['seed webhooks types list'],
  run: async (_input, _call, { eventTypes }: HistoryNeeds) => ({
    items: eventTypes.all.map(({ name, summary }) => ({ name, summary })),
    nextCursor: null,
  }),
});

export const listWebhookEvents = defineCommand({
  name: 'webhooks events list',
  summary: 'List the events of the account, newest first, whether a webhook heard of them or not',
  http: 'GET /webhooks/events',
  scope: 'webhooks:read',
  effect: 'read',
  input: WebhookEventFilter,
  output: pageOf(WebhookEvent),
  columns: ['id', 'timestamp', 'type', 'data'],
  examples: ['seed webhooks events list --since 7d', 'seed webhooks events list --type "task.*" --json'],
  run: async (filter, { store, actor }, { eventTypes }: HistoryNeeds) => {
    if (filter.type !== undefined) eventTypes.refuseUnknown([filter.type]);
    return listEvents(store, actor.accountId, filter);
  },
});

export const getWebhookEvent = defineCommand({
  name: 'webhooks events get',
  summary: 'Show an event and what became of it at each webhook',
  http: 'GET /webhooks/events/{id}',
  scope: 'webhooks:read',
  effect: 'read',
  input: z.object({ id: z.uuid().describe('Id of the event: the webhook-id header') }),
  output: z.object({ event: WebhookEvent, deliveries: z.array(WebhookDelivery) }),
  examples: ['seed webhooks events get 7b0c9a52-1c4f-4f0e-8a53-6c1d2c9e0f42'],
  run: async ({ id }, { store, actor }) => {
    const event = await getEvent(store.db, actor.accountId, id);
    const filter = { eventId: id, limit: LIMITS.webhooksPerAccount + 1 };
    return { event, deliveries: (await listDeliveries(store, actor.accountId, filter)).items };
  },
});

export const streamWebhookEvents = defineStream({
  name: 'webhooks events stream',
  summary: 'Follow the events of the account as they happen',
  http: 'GET /webhooks/events/stream',
  scope: 'webhooks:read',
  effect: 'read',
  input: z.object({
    type: WebhookEventFilter.shape.type,
    after: z.int().min(0).optional().describe('Also those since this seq; omitted: only new ones'),
  }),
  item: WebhookEvent,
  examples: ['seed webhooks events stream --json'],
  stream: async ({ type, after }, { store, actor, waiting }, { eventTypes }: HistoryNeeds) => {
    if (type !== undefined) eventTypes.refuseUnknown([type]);
    return streamEvents(store, { accountId: actor.accountId, after, type }, waiting());
  },
});

export const listWebhookDeliveries = defineCommand({
  name: 'webhooks deliveries list',
  summary: 'List deliveries with their attempts, newest first',
  http: 'GET /webhooks/deliveries',
  scope: 'webhooks:read',
  effect: 'read',
  input: WebhookDeliveryFilter,
  output: pageOf(WebhookDelivery),
  columns: ['id', 'createdAt', 'status', 'eventType', 'url', 'nextAttemptAt'],
  examples: [
    'seed webhooks deliveries list --status failed --since 24h',
    'seed webhooks deliveries list --webhook-id 0d9f1c7e-4a8e-4a55-9f6a-3f1f8f0b7c11 --json',
  ],
  run: (filter, { store, actor }) => listDeliveries(store, actor.accountId, filter),
});

export const getWebhookDelivery = defineCommand({
  name: 'webhooks deliveries get',
  summary: 'Show a delivery with its attempts',
  http: 'GET /webhooks/deliveries/{id}',
  scope: 'webhooks:read',
  effect: 'read',
  input: z.object({ id: DeliveryId }),
  output: AnsweredDelivery,
  examples: ['seed webhooks deliveries get c2a7d1de-8f0b-4a3c-8a2e-0d7a4e6b9f35'],
  run: async ({ id }, { store, actor }) => ({ delivery: await getDelivery(store.db, actor.accountId, id) }),
});

export const replayWebhookDelivery = defineCommand({
  name: 'webhooks deliveries replay',
  summary: 'Send a delivery again, at once and with all its retries',
  http: 'POST /webhooks/deliveries/{id}/replay',
  scope: 'webhooks:write',
  effect: 'write',
  transactional: true,
  input: z.object({ id: DeliveryId }),
  output: AnsweredDelivery,
  examples: ['seed webhooks deliveries replay c2a7d1de-8f0b-4a3c-8a2e-0d7a4e6b9f35'],
  run: async ({ id }, { store, actor }) => ({ delivery: await replayDelivery(store, actor.accountId, id) }),
});

export const replayFailedDeliveries = defineCommand({
  name: 'webhooks deliveries replay-failed',
  summary: 'Send all deliveries again that have failed since a time',
  http: 'POST /webhooks/deliveries/replay',
  scope: 'webhooks:write',
  effect: 'write',
  transactional: true,
  input: z.object({
    since: PastTime.describe('Deliveries from then on: 12h, 7d, or an ISO-8601 time'),
    webhookId: WebhookDeliveryFilter.shape.webhookId,
  }),
  output: z.object({ replayed: z.int().nonnegative().describe('How many are sent again') }),
  examples: ['seed webhooks deliveries replay-failed --since 24h'],
  run: async ({ since, webhookId }, { store, actor }) => {
    const { accountId } = actor;
    if (webhookId !== undefined) await getEndpoint(store, accountId, webhookId);
    const failedSince = pastTime(since, store.clock.now());
    return { replayed: await replayDeliveries(store, accountId, { webhookId, failedSince }) };
  },
});
