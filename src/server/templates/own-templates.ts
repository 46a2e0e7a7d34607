// The instructions to start a task from that Seed brings itself. They work with its own commands.
import type { Template } from '../../protocol/template.ts';

type OwnTemplate = Pick<Template, 'title' | 'instruction' | 'scopes'>;

export const KEY_AUDIT: OwnTemplate = {
  title: 'Key audit',
  instruction:
    "Audit our API key usage. List all keys, check which ones haven't been used in 30 days, and generate a cleanup recommendation.",
  scopes: ['keys:read', 'obs:read'],
};
export const MONTHLY_USAGE: OwnTemplate = {
  title: 'Monthly usage report',
  instruction:
    'Generate a monthly usage report for all API consumers. Calculate per-consumer costs based on their token usage and output a CSV summary.',
  scopes: ['obs:read', 'keys:read'],
};
export const WEBHOOK_ACTIVITY: OwnTemplate = {
  title: 'Webhook activity',
  instruction:
    'Review our webhook event history from the last 7 days. Identify the most active event types and generate a weekly platform activity summary for the team.',
  scopes: ['webhooks:read', 'obs:read'],
};

export const OWN_TEMPLATES: readonly OwnTemplate[] = [
  KEY_AUDIT,
  MONTHLY_USAGE,
  WEBHOOK_ACTIVITY,
  {
    title: 'Revoke expired keys',
    instruction: 'Check our API key inventory and revoke any expired ones',
    scopes: ['keys:read', 'keys:write'],
  },
];
