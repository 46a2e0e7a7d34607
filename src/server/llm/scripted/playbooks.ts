// The list of playbooks; the first that recognises an instruction plays.
import { keyCleanup } from './key-cleanup.ts';
import type { Playbook } from './playbook.ts';
import { webhookActivity } from './webhook-activity.ts';

export const PLAYBOOKS: readonly Playbook[] = [keyCleanup, webhookActivity];
