// What became of each event at each webhook, and sending it again.
import { z } from 'zod';
import { defineCommand } from '../../command/define-command.ts';
import { pageInput, pageOf } from '../../protocol/page.ts';
import { PastTime } from '../../protocol/time.ts';
import { DeliveryStatus, WebhookDelivery } from '../../protocol/webhook.ts';

const DeliveryId = z.uuid().describe('Id of the delivery');
const AnsweredDelivery = z.object({ delivery: WebhookDelivery });
const WebhookId = z.uuid().optional().describe('Only deliveries to this webhook');

export const listWebhookDeliveries = defineCommand({
  name: 'webhooks deliveries list',
  summary: 'List deliveries with their attempts, newest first',
  http: 'GET /webhooks/deliveries',
  scope: 'webhooks:read',
  effect: 'read',
  input: z.object({
    status: DeliveryStatus.optional().describe('Only deliveries of this status'),
    webhookId: WebhookId,
    eventId: z.uuid().optional().describe('Only deliveries of this event'),
    since: PastTime.optional().describe('Only deliveries from then on: 12h, 7d, or an ISO-8601 time'),
    until: PastTime.optional().describe('Only deliveries before then'),
    ...pageInput,
  }),
  output: pageOf(WebhookDelivery),
  columns: ['id', 'createdAt', 'status', 'eventType', 'url', 'nextAttemptAt'],
  examples: [
    'seed webhooks deliveries list --status failed --since 24h',
    'seed webhooks deliveries list --webhook-id 0d9f1c7e-4a8e-4a55-9f6a-3f1f8f0b7c11 --json',
  ],
  run: (input, ctx) => ctx.webhooks.listDeliveries(input),
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
  run: async ({ id }, ctx) => ({ delivery: await ctx.webhooks.getDelivery(id) }),
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
  run: async ({ id }, ctx) => ({ delivery: await ctx.webhooks.replay(id) }),
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
    webhookId: WebhookId,
  }),
  output: z.object({ replayed: z.int().nonnegative().describe('How many are sent again') }),
  examples: ['seed webhooks deliveries replay-failed --since 24h'],
  run: async (input, ctx) => ({ replayed: await ctx.webhooks.replayFailed(input) }),
});
