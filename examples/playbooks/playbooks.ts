// Playbooks for instructions that Seed's own commands carry out, which the model `scripted` knows without any
// pack. The first that recognises an instruction plays. A server loads them by this file's path.
import type { Playbook } from 'seed/pack';
import { keyAudit } from './key-audit.ts';
import { keyCleanup } from './key-cleanup.ts';
import { monthlyUsage } from './monthly-usage.ts';
import { webhookActivity } from './webhook-activity.ts';

export const playbooks: readonly Playbook[] = [keyCleanup, keyAudit, monthlyUsage, webhookActivity];
