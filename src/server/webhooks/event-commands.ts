// What can happen in the account, and what happened: its events as a history and as a stream.
import { z } from 'zod';
import { defineCommand, defineStream } from '../../command/define-command.ts';
import { pageInput, pageOf } from '../../protocol/page.ts';
import { PastTime } from '../../protocol/time.ts';
import { EventTypePattern, WebhookDelivery, WebhookEvent, WebhookEventType } from '../../protocol/webhook.ts';

const Type = EventTypePattern.optional().describe('Only events of this type, or of several: task.*');

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
  run: async (_input, ctx) => ({ items: ctx.webhooks.listTypes(), nextCursor: null }),
});

export const listWebhookEvents = defineCommand({
  name: 'webhooks events list',
  summary: 'List the events of the account, newest first, whether a webhook heard of them or not',
  http: 'GET /webhooks/events',
  scope: 'webhooks:read',
  effect: 'read',
  input: z.object({
    type: Type,
    since: PastTime.optional().describe('Only events from then on: 12h, 7d, or an ISO-8601 time'),
    until: PastTime.optional().describe('Only events before then'),
    ...pageInput,
  }),
  output: pageOf(WebhookEvent),
  columns: ['id', 'timestamp', 'type', 'data'],
  examples: ['seed webhooks events list --since 7d', 'seed webhooks events list --type "task.*" --json'],
  run: (input, ctx) => ctx.webhooks.listEvents(input),
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
  run: ({ id }, ctx) => ctx.webhooks.getEvent(id),
});

export const streamWebhookEvents = defineStream({
  name: 'webhooks events stream',
  summary: 'Follow the events of the account as they happen',
  http: 'GET /webhooks/events/stream',
  scope: 'webhooks:read',
  effect: 'read',
  input: z.object({
    type: Type,
    after: z.int().min(0).optional().describe('Also those since this seq; omitted: only new ones'),
  }),
  item: WebhookEvent,
  examples: ['seed webhooks events stream --json'],
  stream: async (input, ctx) => positioned(await ctx.webhooks.streamEvents(input)),
});

async function* positioned(events: AsyncIterable<WebhookEvent & { seq: number }>) {
  for await (const event of events) yield { id: event.seq, item: event };
}
