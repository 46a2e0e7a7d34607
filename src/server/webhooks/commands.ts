// Webhooks: where the account hears of its events. Events are in webhook-events.ts, deliveries in webhook-deliveries.ts.
import { z } from 'zod';
import { defineCommand } from '../../command/define-command.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { pageInput, pageOf } from '../../protocol/page.ts';
import { Duration } from '../../protocol/time.ts';
import { EventTypePattern, Webhook, WebhookDelivery, WebhookUrl } from '../../protocol/webhook.ts';

const WebhookId = z.uuid().describe('Id of the webhook');
const Url = WebhookUrl.describe('Where events are posted to: http or https, a public address');
const Description = z.string().trim().max(500).describe('What it is for');
const Events = z
  .array(EventTypePattern)
  .min(1)
  .max(LIMITS.eventTypesPerWebhook)
  .describe('Types of events: task.completed, task.* or *');
const Enabled = z.boolean().describe('Whether events are sent there; off is --no-enabled');
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
    url: Url,
    description: Description.default(''),
    events: Events.default(['*']),
    enabled: Enabled.default(true),
  }),
  creates: true,
  output: SecretAnswer,
  successStatus: 201,
  examples: [
    'seed webhooks create --url https://example.com/hooks --events task.completed,task.failed',
    'seed webhooks create --url https://example.com/hooks --events "task.*" --description "tasks to chat"',
  ],
  run: (input, ctx) => ctx.webhooks.create(ctx.creationId, input),
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
  run: (input, ctx) => ctx.webhooks.list(input),
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
  run: async ({ id }, ctx) => ({ webhook: await ctx.webhooks.get(id) }),
});

export const updateWebhook = defineCommand({
  name: 'webhooks update',
  summary: 'Change a webhook, or switch it off and on; what waits for it when it goes off has failed',
  http: 'PATCH /webhooks/{id}',
  scope: 'webhooks:write',
  effect: 'write',
  transactional: true,
  input: z.object({
    id: WebhookId,
    url: Url.optional(),
    description: Description.optional(),
    events: Events.optional(),
    enabled: Enabled.optional(),
  }),
  output: AnsweredWebhook,
  examples: [
    'seed webhooks update 0d9f1c7e-4a8e-4a55-9f6a-3f1f8f0b7c11 --events "*"',
    'seed webhooks update 0d9f1c7e-4a8e-4a55-9f6a-3f1f8f0b7c11 --enabled',
  ],
  run: async ({ id, ...changes }, ctx) => ({ webhook: await ctx.webhooks.update(id, changes) }),
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
  run: async ({ id }, ctx) => ({ webhook: await ctx.webhooks.delete(id) }),
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
  run: ({ id, grace }, ctx) => ctx.webhooks.rotate(id, grace),
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
  run: ({ grace }, ctx) => ctx.webhooks.rotateDefaultSecret(grace),
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
  run: async ({ id }, ctx) => ({ delivery: await ctx.webhooks.test(id) }),
});
