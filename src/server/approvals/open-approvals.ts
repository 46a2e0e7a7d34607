// What http/command-calls.ts asks of approvals: a call that needs a yes first, and one that was asked about
// before.
import { randomUUID } from 'node:crypto';
import type { Store } from '../../db/store.ts';
import type { ApprovalRow } from '../../db/tables.ts';
import { type ErrorCode, SeedError } from '../../protocol/errors.ts';
import type { Approvals } from '../http/command-calls.ts';
import type { AskedAnswer } from '../ledger/admission.ts';
import { keepAsked } from '../ledger/idempotency.ts';
import { writeRow } from '../ledger/kept-call.ts';
import { type AskNeeds, findSameCall, insertApproval, keptInput, lockAsking } from './ask.ts';
import { findApproval, resultOf, toApproval } from './rows.ts';

export function openApprovals(store: Store, needs: AskNeeds): Approvals {
  const { secretsKey, tasks } = needs;
  const again: Approvals['again'] = async ({ accountId, key }, approvalId) =>
    answerOf(await findApproval(store.db, accountId, approvalId), { keyId: key.id, secretsKey });
  return {
    again,
    async ask({ called, kept, call, reason }) {
      const { command, actor, requestId } = called;
      const input = await keptInput(command, { given: called.given, input: called.input }, call);
      const id = randomUUID();
      const waiting = await store.db.transaction().execute(async (tx) => {
        const task = await lockAsking(tx, actor.lineage, tasks);
        const now = store.clock.now();
        const same = task && (await findSameCall(tx, task.id, input.inputHash));
        const approvalId = same?.id ?? id;
        const request = kept.repeat?.request;
        const first = request ? await keepAsked(tx, request, { approvalId, now }) : approvalId;
        if (first !== id) return first;
        const { idempotencyKey } = kept.row;
        const asked = { actor, requestId, idempotencyKey, command, reason, kept: input };
        await insertApproval(tx, asked, { task, now, id }, needs);
        kept.row = { ...kept.row, at: now, status: null, approvalId: id };
        await writeRow(tx, kept.row);
        return id;
      });
      if (waiting === id) kept.hasRow = true;
      else kept.row = { ...kept.row, approvalId: waiting };
      return again(actor, waiting);
    },
  };
}

/** @throws SeedError why it was not done, or how it failed */
function answerOf(
  row: ApprovalRow & { decider_name: string | null },
  viewer: { keyId: string; secretsKey: string },
): AskedAnswer {
  const output = resultOf(row, viewer.secretsKey);
  if (output !== null) return { output };
  if (row.error !== null)
    throw new SeedError(row.error.code as ErrorCode, row.error.message, { nothingDone: row.state !== 'approved' });
  return { approval: toApproval(row, viewer) };
}
