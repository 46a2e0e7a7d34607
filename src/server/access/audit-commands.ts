// The audit log of the caller's account.
import { z } from 'zod';
import { defineCommand } from '../../command/define-command.ts';
import { AuditEntry, AuditOutcome } from '../../protocol/audit.ts';
import { pageInput, pageOf } from '../../protocol/page.ts';
import { PastTime } from '../../protocol/time.ts';

export const listAudit = defineCommand({
  name: 'audit list',
  summary: 'List who did what, newest first: every call that changes something, and every refused one',
  http: 'GET /audit',
  scope: 'audit:read',
  effect: 'read',
  input: z.object({
    keyId: z.uuid().optional().describe('Only calls with this key'),
    taskId: z.uuid().optional().describe('Only calls of this task'),
    command: z
      .string()
      .min(1)
      .max(100)
      .optional()
      .describe('Only calls of this command, such as "keys revoke"'),
    outcome: AuditOutcome.optional().describe('Only calls that ended so'),
    since: PastTime.optional().describe('Only calls from then on: 12h, 30d, or an ISO-8601 time'),
    until: PastTime.optional().describe('Only calls before then'),
    unknownKeys: z
      .boolean()
      .default(false)
      .describe('Instead: calls that named no known key; for the operator of this Seed'),
    ...pageInput,
  }),
  output: pageOf(AuditEntry),
  columns: ['at', 'outcome', 'command', 'keyName', 'address', 'code', 'calls', 'target'],
  examples: [
    'seed audit list --since 24h',
    'seed audit list --outcome refused',
    'seed audit list --command "keys revoke"',
  ],
  run: (input, ctx) => ctx.audit.list(input),
});
