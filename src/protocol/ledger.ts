// One entry of a task's ledger: a command that its agent called, and what came of it.
import { z } from 'zod';
import { AuditOutcome, outcomeOf } from './audit.ts';

/** As in the audit log; `unknown`: the call is still being made, or was cut off, and may have been done. */
export const LedgerOutcome = z.enum([...AuditOutcome.options, 'unknown']);
export type LedgerOutcome = z.infer<typeof LedgerOutcome>;

/** @param status null: it is not known what came of the call */
export function ledgerOutcome(status: number | null): LedgerOutcome {
  return status === null ? 'unknown' : outcomeOf(status);
}

export const LedgerEntry = z
  .object({
    id: z.uuid().describe('Id of the request'),
    at: z.iso.datetime(),
    command: z.string(),
    effect: z.enum(['read', 'write', 'destructive']),
    scope: z.string().nullable().describe('The scope that the command needs'),
    outcome: LedgerOutcome.describe('`unknown`: it is still being called, or was cut off, and may have been done'),
    status: z.number().int().nullable().describe('HTTP status of the answer; null: the outcome is unknown'),
    code: z.string().nullable().describe('Error code of the answer'),
    durationMs: z.number().int().nonnegative().nullable().describe('Null: it was not seen to end'),
    arguments: z.unknown().describe('The input, without secrets and large values; null: it was none'),
    changes: z.unknown().describe('Of a write: its answer, cut in the same way; null: it changed nothing'),
    idempotencyKey: z
      .string()
      .nullable()
      .describe('Of the request; where it was sent again, each attempt has a row, and one of them the changes'),
  })
  .meta({ id: 'LedgerEntry' });
export type LedgerEntry = z.infer<typeof LedgerEntry>;
