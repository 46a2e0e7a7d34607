// One entry of a task's ledger: a command that its agent called, and what came of it.
import { z } from 'zod';
import { Approval } from './approval.ts';
import { AuditOutcome, outcomeOf } from './audit.ts';

/**
 * As in the audit log; `asked`: a person is asked, or it is about to run; `unknown`: the call is still being made,
 * or was cut off, and may have been done.
 */
export const LedgerOutcome = z.enum([...AuditOutcome.options, 'asked', 'unknown']);
export type LedgerOutcome = z.infer<typeof LedgerOutcome>;

/** Of a call that a person was asked about. */
const LedgerApproval = Approval.pick({ id: true, state: true, ranAt: true, decidedBy: true, message: true });
export type LedgerApproval = z.infer<typeof LedgerApproval>;

/** @param status null: it is not known what came of the call */
export function ledgerOutcome(status: number | null, approval: LedgerApproval | null = null): LedgerOutcome {
  if (status !== null) return outcomeOf(status);
  const isOpen = approval?.state === 'pending' || (approval?.state === 'approved' && approval.ranAt === null);
  return isOpen ? 'asked' : 'unknown';
}

/** Why the call was, or was not, let happen: `allowed`, `asked→denied(by ops: not now)`, `refused(limit)`. */
export function ledgerDecision(code: string | null, approval: LedgerApproval | null): string {
  if (approval) return `asked→${approval.state}${deciderText(approval)}`;
  if (code === 'limit_exceeded') return 'refused(limit)';
  return code === 'loop_detected' ? 'refused(loop)' : 'allowed';
}

function deciderText({ decidedBy, message }: LedgerApproval): string {
  if (decidedBy === null) return '';
  const self = decidedBy.isSelf ? ', itself' : '';
  const via = decidedBy.via === 'key' ? '' : `, ${decidedBy.via}`;
  return `(by ${decidedBy.keyName}${self}${via}${message === null ? '' : `: ${message}`})`;
}

export const LedgerEntry = z
  .object({
    id: z.uuid().describe('Id of the request'),
    at: z.iso.datetime(),
    command: z.string(),
    effect: z.enum(['read', 'write', 'destructive']),
    scope: z.string().nullable().describe('The scope that the command needs'),
    outcome: LedgerOutcome.describe('`unknown`: it is still being called, or was cut off, and may have been done'),
    decision: z
      .string()
      .describe(
        '`allowed`, `asked→approved(by …)`, `asked→denied(by …: message)`, `asked→expired`, `refused(limit)`',
      ),
    approval: LedgerApproval.nullable().describe('The approval that was asked for; null: none'),
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
