// Webhooks as callers see them: endpoints, events, and what became of each delivery. No secret is part of them.
import { z } from 'zod';
import { LIMITS } from './limits.ts';
import { pageInput } from './page.ts';
import { PastTime } from './time.ts';

const TYPE = /^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$/;
const PATTERN = /^(\*|[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*\.\*|[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+)$/;

const EventTypeName = z.string().max(100).regex(TYPE, 'a type is written task.completed');

const EventTypePattern = z
  .string()
  .max(100)
  .regex(PATTERN, 'types are written task.completed, task.* or *')
  .meta({ examples: ['task.completed', 'task.*', '*'] });

export const WebhookEventType = z
  .object({ name: EventTypeName, summary: z.string().describe('When it happens') })
  .meta({ id: 'WebhookEventType' });
export type WebhookEventType = z.infer<typeof WebhookEventType>;

export const WebhookUrl = z
  .string()
  .min(1)
  .max(LIMITS.webhookUrlLength)
  .meta({ examples: ['https://example.com/hooks'] });

/** What a webhook is made with and what can be changed of it. */
export const WebhookSettings = z.object({
  url: WebhookUrl.describe('Where events are posted to: http or https, a public address'),
  description: z.string().trim().max(500).describe('What it is for'),
  events: z
    .array(EventTypePattern)
    .min(1)
    .max(LIMITS.eventTypesPerWebhook)
    .describe('Types of events: task.completed, task.* or *'),
  enabled: z.boolean().describe('Whether events are sent there; off is --no-enabled'),
});
export type WebhookSettings = z.infer<typeof WebhookSettings>;

/** What is undefined stays as it is. */
export const WebhookChanges = WebhookSettings.partial();
export type WebhookChanges = z.infer<typeof WebhookChanges>;

/** `gone`: it answered 410. `failing`: every attempt failed for five days. */
export const DisabledReason = z.enum(['gone', 'failing', 'switched_off']);
export type DisabledReason = z.infer<typeof DisabledReason>;

const Time = z.iso.datetime().nullable();
export const Webhook = z
  .object({
    id: z.uuid(),
    url: z.string(),
    description: z.string(),
    events: z.array(EventTypePattern),
    enabled: z.boolean(),
    disabledReason: DisabledReason.nullable(),
    failingSince: Time.describe('The first failed attempt since the last good one'),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
    previousSecretUntil: Time.describe(
      'Until when deliveries are signed with the secret before the last rotation, too',
    ),
  })
  .meta({ id: 'Webhook' });
export type Webhook = z.infer<typeof Webhook>;

export const WebhookEvent = z
  .object({
    id: z.uuid().describe('The webhook-id header of its deliveries'),
    seq: z.int().nullable().describe('Its place in the stream of events; null for the moment until it has one'),
    type: EventTypeName,
    timestamp: z.iso.datetime().describe('When it happened'),
    data: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'WebhookEvent' });
export type WebhookEvent = z.infer<typeof WebhookEvent>;

export const WebhookEventFilter = z.object({
  type: EventTypePattern.optional().describe('Only events of this type, or of several: task.*'),
  since: PastTime.optional().describe('Only events from then on: 12h, 7d, or an ISO-8601 time'),
  until: PastTime.optional().describe('Only events before then'),
  ...pageInput,
});
export type WebhookEventFilter = z.infer<typeof WebhookEventFilter>;

/** Why an attempt got no answer. */
export const AttemptError = z.enum([
  'name_not_resolved',
  'address_not_allowed',
  'connection_failed',
  'tls_failed',
  'timeout',
  'broken_answer',
  'no_secret',
]);
export type AttemptError = z.infer<typeof AttemptError>;

export const WebhookAttempt = z.object({
  at: z.iso.datetime(),
  durationMs: z.int().nonnegative(),
  status: z.int().nullable().describe('HTTP status of the answer; null: there was none'),
  error: AttemptError.nullable().describe('Why there was no answer'),
  answer: z.string().describe('Its first bytes'),
});
export type WebhookAttempt = z.infer<typeof WebhookAttempt>;

export const DeliveryStatus = z.enum(['pending', 'delivered', 'failed']);
export type DeliveryStatus = z.infer<typeof DeliveryStatus>;

export const WebhookDelivery = z
  .object({
    id: z.uuid(),
    eventId: z.uuid(),
    eventType: EventTypeName,
    webhookId: z.uuid().nullable().describe('Null: it goes to the webhookUrl of a task'),
    url: z.string().describe('Where the last attempt went'),
    status: DeliveryStatus,
    createdAt: z.iso.datetime(),
    nextAttemptAt: Time,
    completedAt: Time,
    attempts: z.array(WebhookAttempt).describe(`Oldest first; at most the last ${LIMITS.webhookAttemptsShown}`),
  })
  .meta({ id: 'WebhookDelivery' });
export type WebhookDelivery = z.infer<typeof WebhookDelivery>;

export const WebhookDeliveryFilter = z.object({
  status: DeliveryStatus.optional().describe('Only deliveries of this status'),
  webhookId: z.uuid().optional().describe('Only deliveries to this webhook'),
  eventId: z.uuid().optional().describe('Only deliveries of this event'),
  since: PastTime.optional().describe('Only deliveries from then on: 12h, 7d, or an ISO-8601 time'),
  until: PastTime.optional().describe('Only deliveries before then'),
  ...pageInput,
});
export type WebhookDeliveryFilter = z.infer<typeof WebhookDeliveryFilter>;
