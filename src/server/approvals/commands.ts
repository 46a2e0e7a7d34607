// Approvals: what waits for a person's yes, seen and decided on.
import { z } from 'zod';
import type { Call } from '../../command/call.ts';
import { defineCommand } from '../../command/define-command.ts';
import { Approval, ApprovalFilter, DecisionMessage } from '../../protocol/approval.ts';
import { isSettled } from '../../protocol/approval-wait.ts';
import { pageOf } from '../../protocol/page.ts';
import { allows } from '../../protocol/scope.ts';
import { type DecideNeeds, decide } from './decide.ts';
import { askingOf, DECIDES, decidableBy } from './four-eyes.ts';
import { makeLink } from './links.ts';
import { type FoundApproval, findApproval, listApprovals as list, noSuchApproval, toApproval } from './rows.ts';

/** A look at the table even without a notification, should one have been lost with a connection. */
const LOOK_AGAIN_MS = 10_000;

export interface ApprovalNeeds extends DecideNeeds {
  /** The address of the page of a link. */
  linkTo(token: string, reachedAt?: string): string;
}

const ApprovalId = z.uuid().describe('Id of the approval');
const OneApproval = z.object({ approval: Approval });

export const listApprovals = defineCommand({
  name: 'approvals list',
  summary: 'List what waits, or waited, for a person, newest first',
  http: 'GET /approvals',
  scope: DECIDES,
  effect: 'read',
  input: ApprovalFilter,
  output: pageOf(Approval),
  columns: ['id', 'state', 'summary', 'reason', 'requestedAt', 'expiresAt'],
  examples: ['seed approvals list --state pending', 'seed approvals list --json'],
  run: async (input, call, { secretsKey }: DecideNeeds) => {
    const { items, nextCursor } = await list(call.store.db, call.actor.accountId, input);
    return { items: await seenBy(call, items, secretsKey), nextCursor };
  },
});

export const getApproval = defineCommand({
  name: 'approvals get',
  summary: 'Show an approval: to the key that asks and the one that posted its task, and to those who may decide',
  http: 'GET /approvals/{id}',
  scope: null,
  effect: 'read',
  // Each waits for as long as it says itself.
  shared: false,
  isPoll: true,
  input: z.object({ id: ApprovalId }),
  output: OneApproval,
  examples: ['seed approvals get 5b1c2f0e-8f0a-4b51-9d0b-2f6f3c1a7e55'],
  run: async ({ id }, call, { secretsKey }: DecideNeeds) => ({ approval: await waited(id, call, secretsKey) }),
});

export const approveApproval = defineCommand({
  name: 'approvals approve',
  summary: 'Say yes to the call: the server runs it, exactly as it was asked, once',
  http: 'POST /approvals/{id}/approve',
  scope: DECIDES,
  effect: 'write',
  transactional: true,
  input: z.object({ id: ApprovalId, message: DecisionMessage }),
  output: OneApproval,
  examples: ['seed approvals approve 5b1c2f0e-8f0a-4b51-9d0b-2f6f3c1a7e55 --message "agreed with sales"'],
  run: async (input, call, needs: DecideNeeds) => ({
    approval: await decide(call, { ...input, state: 'approved' }, needs),
  }),
});

export const denyApproval = defineCommand({
  name: 'approvals deny',
  summary: 'Say no to the call: it is not done, and whoever asked is told the message',
  http: 'POST /approvals/{id}/deny',
  scope: DECIDES,
  effect: 'write',
  transactional: true,
  input: z.object({ id: ApprovalId, message: DecisionMessage }),
  output: OneApproval,
  examples: ['seed approvals deny 5b1c2f0e-8f0a-4b51-9d0b-2f6f3c1a7e55 --message "not before the audit"'],
  run: async (input, call, needs: DecideNeeds) => ({
    approval: await decide(call, { ...input, state: 'denied' }, needs),
  }),
});

export const linkApproval = defineCommand({
  name: 'approvals link',
  summary: 'Make a link for mail or chat: whoever opens its page decides once, as the key in use',
  http: 'POST /approvals/{id}/links',
  scope: DECIDES,
  effect: 'write',
  transactional: true,
  creates: true,
  input: z.object({ id: ApprovalId }),
  output: z.object({
    link: z.object({
      url: z.string().describe('Shown this once. Whoever has it decides as the key in use'),
      expiresAt: z.iso.datetime().describe('It ends with the approval, and with the key in use'),
    }),
  }),
  successStatus: 201,
  examples: ['seed approvals link 5b1c2f0e-8f0a-4b51-9d0b-2f6f3c1a7e55'],
  run: async ({ id }, call, { linkTo }: ApprovalNeeds) => {
    const { token, expiresAt } = await makeLink(call, id);
    return { link: { url: linkTo(token, call.reachedAt?.()), expiresAt: expiresAt.toISOString() } };
  },
});

/** As whoever calls sees them. */
async function seenBy(call: Call, rows: readonly FoundApproval[], secretsKey: string): Promise<Approval[]> {
  const { actor, store } = call;
  const pending = rows.filter(({ state }) => state === 'pending');
  const decidable = await decidableBy(store.db, call, pending.map(askingOf));
  const mayDecide = new Map(pending.map(({ id }, index) => [id, decidable[index] ?? false]));
  return rows.map((row) =>
    toApproval(row, { keyId: actor.key.id, secretsKey, mayDecide: mayDecide.get(row.id) ?? false }),
  );
}

/** As it is when nothing more becomes of it, or when the caller has waited as long as it wanted, or has gone. */
async function waited(id: string, call: Call, secretsKey: string): Promise<Approval> {
  const { actor, store, waitMs, waiting } = call;
  const untilMs = performance.now() + waitMs;
  using changes = store.signals.subscribe(`approval:${id}`);
  for (;;) {
    const row = await findApproval(store.db, actor.accountId, id);
    if (!row.asking_keys.includes(actor.key.id) && !allows(actor.key.scopes, DECIDES)) throw noSuchApproval(id);
    const [approval = toApproval(row, { keyId: actor.key.id, secretsKey })] = await seenBy(
      call,
      [row],
      secretsKey,
    );
    const leftMs = untilMs - performance.now();
    if (leftMs <= 0 || isSettled(approval)) return approval;
    const gone = waiting();
    if (gone.aborted) return approval;
    await changes.next(Math.min(leftMs, LOOK_AGAIN_MS), gone);
  }
}
