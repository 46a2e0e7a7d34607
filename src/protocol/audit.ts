// One entry of the audit log: who did which command to what, from where, and what came of it.
import { z } from 'zod';
import { pageInput } from './page.ts';
import { PastTime } from './time.ts';

/** `refused`: the key was not enough (401, 403) or too often (429). `failed`: any other error. */
export const AuditOutcome = z.enum(['ok', 'refused', 'failed']);
export type AuditOutcome = z.infer<typeof AuditOutcome>;

/** The statuses that count as refused. */
export const REFUSED_STATUSES: readonly number[] = [401, 403, 429];

export function outcomeOf(status: number): AuditOutcome {
  if (REFUSED_STATUSES.includes(status)) return 'refused';
  return status >= 400 ? 'failed' : 'ok';
}

export const AuditEntry = z
  .object({
    id: z.uuid(),
    at: z.iso.datetime(),
    keyId: z.uuid().nullable().describe('Null: the call named no known key'),
    keyName: z.string().nullable(),
    taskId: z.uuid().nullable().describe('The task that called'),
    sessionId: z.uuid().nullable().describe("The dashboard's session that called; null: the key itself did"),
    address: z.string().nullable().describe("The caller's; of a task: its runner's"),
    command: z.string().nullable(),
    target: z.string().nullable().describe('Id of what it was done to'),
    outcome: AuditOutcome,
    status: z.number().int().describe('HTTP status of the answer'),
    code: z.string().nullable().describe('Error code of the answer'),
    calls: z.number().int().describe('Like calls within a minute that this entry stands for'),
    requestId: z.uuid().nullable(),
  })
  .meta({ id: 'AuditEntry' });
export type AuditEntry = z.infer<typeof AuditEntry>;

/** The calls of an account that a list shows. */
export const AuditFilter = z.object({
  keyId: z.uuid().optional().describe('Only calls with this key'),
  taskId: z.uuid().optional().describe('Only calls of this task'),
  command: z.string().min(1).max(100).optional().describe('Only calls of this command, such as "keys revoke"'),
  outcome: AuditOutcome.optional().describe('Only calls that ended so'),
  since: PastTime.optional().describe('Only calls from then on: 12h, 30d, or an ISO-8601 time'),
  until: PastTime.optional().describe('Only calls before then'),
  ...pageInput,
});
export type AuditFilter = z.output<typeof AuditFilter>;
