// One exact call, or a task's budget or a key's spend limit, that waits for a person's yes.
import { z } from 'zod';
import { LIMITS } from './limits.ts';
import { pageInput } from './page.ts';

export const ApprovalState = z.enum(['pending', 'approved', 'denied', 'expired', 'cancelled', 'stale']);
export type ApprovalState = z.infer<typeof ApprovalState>;

/**
 * What each state can become. An approved call that has not run yet is stale when what it is about has changed,
 * and cancelled when its task has ended.
 */
const TRANSITIONS: Record<ApprovalState, readonly ApprovalState[]> = {
  pending: ['approved', 'denied', 'expired', 'cancelled'],
  approved: ['stale', 'cancelled'],
  denied: [],
  expired: [],
  cancelled: [],
  stale: [],
};

export function approvalCanBecome(from: ApprovalState, to: ApprovalState): boolean {
  return TRANSITIONS[from].includes(to);
}

/** How whoever decided came: with a key, by the dashboard, by a link, or by MCP. */
export const DecidedVia = z.enum(['key', 'session', 'link', 'mcp']);
export type DecidedVia = z.infer<typeof DecidedVia>;

const Time = z.iso.datetime();

export const Approval = z
  .object({
    id: z.uuid(),
    kind: z.enum(['command', 'budget']),
    state: ApprovalState,
    task: z.uuid().nullable().describe('The task whose agent asks; null: a call outside tasks'),
    keyId: z.uuid().describe('The key that asks'),
    command: z.string().nullable(),
    effect: z.enum(['read', 'write', 'destructive']).nullable(),
    scope: z.string().nullable(),
    input: z
      .unknown()
      .describe(
        'What the command would be called with, without secrets, hidden characters written out; of a budget: null',
      ),
    inputJson: z
      .string()
      .nullable()
      .describe('JSON of it to show to a person: every digit, and hidden characters escaped as JSON does'),
    inputHash: z.string().nullable().describe('SHA-256 of the whole input, hexadecimal'),
    budget: z
      .object({ current: z.number(), requested: z.number(), unit: z.string() })
      .nullable()
      .describe("Of kind budget: a task's budget, or a spend limit of a key until its UTC day or month is over"),
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
        via: DecidedVia,
        isSelf: z.boolean().describe('Whether it is the key that asked, or one that it descends from'),
      })
      .nullable(),
    message: z.string().nullable().describe('What the decider said'),
    ranAt: Time.nullable().describe('When it was done, or failed; null: not yet, or never'),
    result: z
      .unknown()
      .describe(
        'Once it has run: what the command answered, to others than the asking key without secrets; else null',
      ),
    error: z
      .object({ code: z.string(), message: z.string() })
      .nullable()
      .describe('Why it was not done, or why it failed'),
    mayDecide: z.boolean().describe('Whether it is pending and whoever reads it could decide'),
    askedAgain: z
      .uuid()
      .nullable()
      .describe('Of a stale one: the approval by which the same call was asked again'),
  })
  .meta({ id: 'Approval' });
export type Approval = z.infer<typeof Approval>;

/** The approvals of an account that a list shows. */
export const ApprovalFilter = z.object({
  state: ApprovalState.optional().describe('Only approvals of this state'),
  task: z.uuid().optional().describe('Only what the agent of this task asks'),
  ...pageInput,
});
export type ApprovalFilter = z.output<typeof ApprovalFilter>;

export const DecisionMessage = z
  .string()
  .trim()
  .max(LIMITS.approvalMessageLength)
  .optional()
  .describe('What the agent, and whoever reads the ledger, is told');
