// A call that was answered with an approval, for a person has to say yes first: waits for the decision, and
// answers as the call would have. Used by api.ts. In a sandbox the agent notices nothing of it.
import { parseJson } from '../lib/json.ts';
import type { Approval } from '../protocol/approval.ts';
import { isSettled } from '../protocol/approval-wait.ts';
import { type ErrorCode, SeedError } from '../protocol/errors.ts';
import { InterruptedError, type Io, isSeedError } from './io.ts';
import { sanitiseLine } from './terminal.ts';

/** A server that does not hold the answer back is asked no oftener. */
const ASK_AGAIN_MS = 1_000;
/** So often in a row a poll may fail, a second apart, before it is given up. */
const FAILURES_MOST = 600;

export interface ApprovalPolls {
  /** The JSON text of a poll's answer, held back for a while where nothing is decided. @throws SeedError */
  poll(approvalId: string, signal: AbortSignal): Promise<string>;
  /** The code of an error that the server names. */
  codeOf(code: string): ErrorCode;
  /** Where a person waits, and can decide: the server's address. Null in a sandbox. */
  url: string | null;
}

/**
 * The JSON text that the call is answered with, once it was approved and done.
 * @param asked the text that it was answered with first
 * @throws SeedError approval_denied, approval_expired, approval_stale, or what the call has failed with;
 * InterruptedError when the person stops waiting: the approval stays
 */
export async function untilApproved(io: Io, asked: string, polls: ApprovalPolls): Promise<string> {
  let approval = approvalIn(asked);
  if (polls.url === null) return outcomeOf(await settledOf(io, approval, polls, NEVER), polls);
  const interruption = new AbortController();
  const withdraw = io.onInterrupt(() => interruption.abort());
  io.stderr.write(whereToDecide(approval, polls.url));
  try {
    approval = await settledOf(io, approval, polls, interruption.signal);
    return outcomeOf(approval, polls);
  } catch (error) {
    if (interruption.signal.aborted) throw stillWaits(approval);
    throw error;
  } finally {
    withdraw();
  }
}

const NEVER = new AbortController().signal;

/** A stale one that was asked anew is waited for as the new one. */
async function settledOf(io: Io, first: Approval, polls: ApprovalPolls, signal: AbortSignal): Promise<Approval> {
  let failures = 0;
  for (let approval = first; ; ) {
    const askedAt = io.clock.now().getTime();
    try {
      approval = approvalIn(await polls.poll(approval.id, signal));
      failures = 0;
    } catch (error) {
      signal.throwIfAborted();
      failures += 1;
      if (!isPassing(error) || failures > FAILURES_MOST) throw error;
    }
    if (approval.state === 'stale' && approval.askedAgain) approval = { ...approval, id: approval.askedAgain };
    else if (isSettled(approval)) return approval;
    if (io.clock.now().getTime() - askedAt < ASK_AGAIN_MS) await io.wait(ASK_AGAIN_MS);
    signal.throwIfAborted();
  }
}

/** Whether the server may answer the next time: it is away, restarts, or is asked too much. */
function isPassing(error: unknown): boolean {
  return isSeedError(error) && (error.status >= 500 || error.status === 429 || error.code === 'unreachable');
}

function approvalIn(text: string): Approval {
  const approval = (parseJson(text) as { approval?: Approval } | null | undefined)?.approval;
  if (typeof approval?.id === 'string') return approval;
  throw new SeedError(
    'unreachable',
    'the server said that the call waits for a person, and not for which decision',
  );
}

function outcomeOf({ state, result, error, message }: Approval, { codeOf }: ApprovalPolls): string {
  const words = message ? `: ${message}` : '';
  switch (state) {
    case 'approved':
      if (error) throw new SeedError(codeOf(error.code), error.message);
      return JSON.stringify(result);
    case 'denied':
      throw new SeedError('approval_denied', `a person said no to this call${words}`, {
        hint: 'Nothing was done. Do not call it again as it is; go on without it, or in another way that was allowed.',
      });
    case 'expired':
      throw new SeedError('approval_expired', 'nobody decided on this call in time, which is no denial', {
        hint: 'Nothing was done. Go on with what does not need it, and say what is left to do.',
      });
    case 'stale':
      throw new SeedError(
        'approval_stale',
        error?.message ?? 'what the call is about has changed since it was asked',
        {
          hint: 'Nothing was done. Look at it again, and call again what is still right.',
        },
      );
    default:
      throw new SeedError('conflict', 'the call was withdrawn before anybody decided on it; nothing was done');
  }
}

function whereToDecide({ id, summary, reason, expiresAt }: Approval, url: string): string {
  return [
    `This call waits for a person: ${sanitiseLine(summary)}`,
    `Why: ${sanitiseLine(reason)}`,
    `Decide until ${sanitiseLine(expiresAt)} with: seed approvals approve ${id}`,
    `or: seed approvals deny ${id}, or in the dashboard at ${sanitiseLine(url)}`,
    'Ctrl-C stops waiting, and leaves the decision open.',
    '',
  ].join('\n');
}

function stillWaits({ id, expiresAt }: Approval): InterruptedError {
  return new InterruptedError(
    `the call still waits for a person, until ${expiresAt}; it is made when it is approved`,
    `Look later with: seed approvals get ${id}`,
  );
}
