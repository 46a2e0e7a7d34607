// From how a run ended to what the server is told. Pure.
import type { Exit } from '../drivers/driver.ts';
import { cutMiddle } from '../protocol/cut-text.ts';
import type { TaskErrorCode } from '../protocol/errors.ts';
import type { GuestResult } from '../protocol/guest.ts';
import { LIMITS } from '../protocol/limits.ts';
import type { Usage } from '../protocol/resources.ts';
import type { Settlement } from '../protocol/runner.ts';
import { publicReason } from './public-reason.ts';
import { safeText } from './safe-text.ts';

/** The first of these that happens ends a run. */
export type RunEnd =
  | { why: 'result'; result: GuestResult }
  | { why: 'exit'; exit: Exit }
  | { why: 'not_started'; message: string }
  | { why: 'deadline' }
  /** By a fault of the runner's own. */
  | { why: 'broken' }
  /** The runner is stopping. */
  | { why: 'interrupted' }
  /** The server has ended the task, or given it up; or it goes back to the queue, for it has not begun. */
  | { why: 'stopped' | 'lease_lost' | 'returned' };

const MESSAGE_LENGTH = 4000;
/** What a guest may say of itself; the other reasons are for the host to find. */
const GUEST_CODES: readonly TaskErrorCode[] = ['agent_failed', 'llm_unavailable'];

/** Null: the server knows already. @param usage what the sandbox used; null when there was none */
export function settlementOf(leaseId: string, end: RunEnd, usage: Usage | null): Settlement | null {
  const settlement = outcomeOf(leaseId, end);
  return settlement && { ...settlement, usage };
}

type Outcome = Omit<Settlement, 'usage'>;

function outcomeOf(leaseId: string, end: RunEnd): Outcome | null {
  switch (end.why) {
    case 'result':
      return fromResult(leaseId, end.result);
    case 'deadline':
      return { leaseId, outcome: 'timed_out', stdout: null, stderr: null, exitCode: null, error: null };
    case 'exit':
      if (end.exit.reason === 'deadline') return outcomeOf(leaseId, { why: 'deadline' });
      if (end.exit.reason === 'out_of_memory')
        return failed(leaseId, 'out_of_memory', 'the sandbox had no memory left for its agent');
      return failed(
        leaseId,
        'sandbox_lost',
        `the sandbox ended before its agent did: ${describeExit(end.exit)}`,
        'detail' in end.exit ? end.exit.detail : undefined,
      );
    case 'not_started':
      return failed(
        leaseId,
        'sandbox_lost',
        `the sandbox did not start: ${publicReason(end.message)}`,
        end.message,
      );
    case 'broken':
      return failed(leaseId, 'sandbox_lost', 'the runner failed while the task ran; its log has the reason');
    case 'interrupted':
      return failed(leaseId, 'interrupted', 'the runner was stopped while the task ran');
    default:
      return null;
  }
}

function fromResult(leaseId: string, { stdout, stderr, exitCode, error }: GuestResult): Outcome {
  const ended = {
    leaseId,
    stdout: stdout === null ? null : cutMiddle(stdout, LIMITS.stdoutBytes),
    stderr: stderr === null ? null : cutMiddle(stderr, LIMITS.stderrBytes),
    exitCode,
  };
  if (error === null && exitCode === 0) return { ...ended, outcome: 'completed', error: null };
  const code = error !== null && GUEST_CODES.includes(error.code) ? error.code : 'agent_failed';
  const message = error?.message ?? `the agent ended with exit code ${exitCode}`;
  return { ...ended, outcome: 'failed', error: { code, message: safeText(message, MESSAGE_LENGTH) } };
}

/** @param words the end of what was said, for the operator */
function failed(leaseId: string, code: TaskErrorCode, message: string, words = ''): Outcome {
  const error = { code, message: safeText(message, MESSAGE_LENGTH) };
  const ended = { leaseId, outcome: 'failed', stdout: null, stderr: null, exitCode: null, error } as const;
  const diagnostics = safeText(words, MESSAGE_LENGTH);
  return diagnostics === '' ? ended : { ...ended, diagnostics };
}

function describeExit(exit: Exit): string {
  if (exit.reason === 'killed') return 'it was killed';
  const reason = publicReason('detail' in exit ? (exit.detail ?? '') : '');
  if (exit.reason !== 'exited') return reason || 'without a word';
  const how = `its program ended with code ${exit.code}`;
  return reason === '' ? how : `${how}: ${reason}`;
}
