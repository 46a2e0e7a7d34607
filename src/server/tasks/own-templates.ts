// The instructions to start a task from that Seed brings itself. They work with its own commands.

import type { PackTemplate } from '../../pack/definition.ts';
import { keyAudit } from '../models/scripted/key-audit.ts';
import { keyCleanup } from '../models/scripted/key-cleanup.ts';
import { monthlyUsage } from '../models/scripted/monthly-usage.ts';
import { webhookActivity } from '../models/scripted/webhook-activity.ts';

export const KEY_AUDIT: PackTemplate = {
  title: 'Key audit',
  instruction: keyAudit.example,
  scopes: ['keys:read', 'obs:read'],
};
export const MONTHLY_USAGE: PackTemplate = {
  title: 'Monthly usage report',
  instruction: monthlyUsage.example,
  scopes: ['obs:read', 'keys:read'],
};
export const WEBHOOK_ACTIVITY: PackTemplate = {
  title: 'Webhook activity',
  instruction: webhookActivity.example,
  scopes: ['webhooks:read', 'obs:read'],
};

export const OWN_TEMPLATES: readonly PackTemplate[] = [
  KEY_AUDIT,
  MONTHLY_USAGE,
  WEBHOOK_ACTIVITY,
  {
    title: 'Revoke expired keys',
    instruction: keyCleanup.example,
    scopes: ['keys:read', 'keys:write'],
  },
];
