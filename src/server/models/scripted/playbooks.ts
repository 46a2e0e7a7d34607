// The list of playbooks; the first that recognises an instruction plays.
import { keyAudit } from './key-audit.ts';
import { keyCleanup } from './key-cleanup.ts';
import { monthlyUsage } from './monthly-usage.ts';
import type { Playbook } from './playbook.ts';
import { webhookActivity } from './webhook-activity.ts';

export const PLAYBOOKS: readonly Playbook[] = [keyCleanup, keyAudit, monthlyUsage, webhookActivity];
