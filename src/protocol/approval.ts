// One exact call, or a task's budget, that waits for a person's yes.
import { z } from 'zod';

export const ApprovalState = z.enum(['pending', 'approved', 'denied', 'expired', 'cancelled', 'stale']);
export type ApprovalState = z.infer<typeof ApprovalState>;

const Time = z.iso.datetime();

const Approval = z
  .object({
    id: z.uuid(),
    kind: z.enum(['command', 'budget']),
    state: ApprovalState,
    task: z.uuid().nullable().describe('The task whose agent asks; null: a call outside tasks'),
    keyId: z.uuid().describe('The key that asks'),
    command: z.string().nullable(),
    effect: z.enum(['read', 'write', 'destructive']).nullable(),
    scope: z.string().nullable(),
    input: z.unknown().describe('What the command would be called with, without secrets; of a budget: null'),
    inputHash: z.string().nullable().describe('SHA-256 of the whole input, hexadecimal'),
    budget: z.object({ current: z.number(), requested: z.number(), unit: z.string() }).nullable(),
    summary: z.string().describe("What would happen, in the server's words"),
    reason: z.string().describe('Which limit or setting asks'),
    stateChecked: z.boolean().describe('Whether it is refused when what it is about changes meanwhile'),
    requestedAt: Time,
    expiresAt: Time,
    decidedAt: Time.nullable(),
    decidedBy: z
      .object({
        keyId: z.uuid(),
        keyName: z.string(),
        via: z.enum(['key', 'session', 'link', 'mcp']),
        isSelf: z.boolean(),
      })
      .nullable(),
    message: z.string().nullable().describe('What the decider said'),
    result: z.unknown().describe('Once it has run: what the command answered; else null'),
    error: z.object({ code: z.string(), message: z.string() }).nullable().describe('Or why it failed'),
  })
  .meta({ id: 'Approval' });
export type Approval = z.infer<typeof Approval>;
