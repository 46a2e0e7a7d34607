// Webhooks: where the account hears of its events. The events and their deliveries are in history-commands.ts.
import { z } from 'zod';
import { defineCommand } from '../../command/define-command.ts';
import { pageInput, pageOf } from '../../protocol/page.ts';
import { Duration } from '../../protocol/time.ts';
import { Webhook, WebhookChanges, WebhookDelivery, WebhookSettings } from '../../protocol/webhook.ts';
import { getEndpoint, listEndpoints } from './endpoints.ts';
import {
  changeEndpoint,
  createEndpoint,
  removeEndpoint,
  rotateEndpoint,
  rotateSecret,
  testEndpoint,
  type WebhookNeeds,
} from './manage-endpoints.ts';

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
  input: z.object({ id: WebhookId, ...WebhookChanges.shape }),
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
