// The deletion of an account as the operator sees it, and what is left of the account at its end.
import { z } from 'zod';

/** Named in docs/limits.md, too. The CLI in a sandbox needs none of them. */
export const DELETION_LIMITS = {
  /** Rows that one transaction of it deletes at most. */
  deletionRowsAtOnce: 1_000,
} as const;

const Count = z.number().int().min(0);

const AccountBill = z
  .object({
    month: z.string().meta({ pattern: '^\\d{4}-\\d{2}$' }).describe('In UTC: 2026-11'),
    modelCalls: Count,
    inputTokens: Count,
    outputTokens: Count,
    cost: z.object({ compute: z.number(), llm: z.number(), total: z.number(), currency: z.literal('USD') }),
  })
  .meta({ id: 'AccountBill' });

export const AccountDeletion = z
  .object({
    accountId: z.uuid(),
    status: z.enum(['deleting', 'done']),
    requestedAt: z.iso.datetime(),
    requestedBy: z.uuid().describe("The operator's key that asked for it"),
    completedAt: z.iso.datetime().nullable(),
    rows: Count.describe('Rows that are gone until now'),
    blobs: Count.describe('Files and archives that are gone until now'),
    bill: z
      .array(AccountBill)
      .describe('What of its bill is gone until now: the sums stay, the oldest month first'),
  })
  .meta({ id: 'AccountDeletion' });
export type AccountDeletion = z.infer<typeof AccountDeletion>;
