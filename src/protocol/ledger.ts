// One entry of a task's ledger: a command that its agent called, and what came of it.
import { z } from 'zod';

export const LedgerEntry = z
  .object({
    id: z.uuid().describe('Id of the request'),
    at: z.iso.datetime(),
    command: z.string(),
    effect: z.enum(['read', 'write', 'destructive']),
    scope: z.string().nullable().describe('The scope that the command needs'),
    status: z.number().int().describe('HTTP status of the answer'),
    code: z.string().nullable().describe('Error code of the answer'),
    durationMs: z.number().int().nonnegative(),
    arguments: z.unknown().describe('The input, without secrets and large values; null: it was none'),
    changes: z.unknown().describe('Of a write: its answer, cut in the same way; null: it changed nothing'),
  })
  .meta({ id: 'LedgerEntry' });
export type LedgerEntry = z.infer<typeof LedgerEntry>;
