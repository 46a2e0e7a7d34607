// From how a run ended to what the server is told, and telling it until the server has it. Called by task-run.ts.
import type { Exit } from '../drivers/driver.ts';
import type { Logger } from '../lib/log.ts';
import { SeedError } from '../protocol/errors.ts';
import type { GuestResult } from '../protocol/guest.ts';
import type { Usage } from '../protocol/resources.ts';
import type { Settlement } from '../protocol/runner.ts';
import { failedOutcome, type Outcome, outcomeOfResult, publicReason } from '../relay/outcome.ts';
import { createBackoff, pause } from '../relay/patience.ts';
import { isPassing, type ServerClient } from './server-client.ts';

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
  | { why: 'stopped' | 'lease_lost' | 'returned' }
  /** The runner is stopping, and another one goes on with the sandbox. */
  | { why: 'handed_over' };

/** Null: the server knows already. @param usage what the sandbox used; null when there was none */
export function settlementOf(leaseId: string, end: RunEnd, usage: Usage | null): Settlement | null {
  const settlement = outcomeOf(leaseId, end);
  return settlement && { ...settlement, usage };
}

function outcomeOf(leaseId: string, end: RunEnd): Outcome | null {
  const lost = (message: string, words?: string) => failedOutcome(leaseId, 'sandbox_lost', message, words);
  switch (end.why) {
    case 'result':
      return outcomeOfResult(leaseId, end.result);
    case 'deadline':
      return { leaseId, outcome: 'timed_out', stdout: null, stderr: null, exitCode: null, error: null };
    case 'exit':
      if (end.exit.reason === 'deadline') return outcomeOf(leaseId, { why: 'deadline' });
      if (end.exit.reason === 'out_of_memory')
        return failedOutcome(leaseId, 'out_of_memory', 'the sandbox had no memory left for its agent');
      return lost(
        `the sandbox ended before its agent did: ${describeExit(end.exit)}`,
        'detail' in end.exit ? end.exit.detail : undefined,
      );
    case 'not_started':
      return lost(`the sandbox did not start: ${publicReason(end.message)}`, end.message);
    case 'broken':
      return lost('the runner failed while the task ran; its log has the reason');
    case 'interrupted':
      return failedOutcome(leaseId, 'interrupted', 'the runner was stopped while the task ran');
    default:
      return null;
  }
}

function describeExit(exit: Exit): string {
  if (exit.reason === 'killed') return 'it was killed';
  const reason = publicReason('detail' in exit ? (exit.detail ?? '') : '');
  if (exit.reason !== 'exited') return reason || 'without a word';
  const how = `its program ended with code ${exit.code}`;
  return reason === '' ? how : `${how}: ${reason}`;
}

/** Long after the lease has lapsed the server has decided by itself. */
export const GIVE_UP_AFTER_MS = 600_000;

/**
 * Never rejects: what the server finally refused is logged. Resolves with whether the server has it.
 * @param giveUp aborted when there is no time left to try
 */
export async function settleTask(
  client: ServerClient,
  taskId: string,
  settlement: Settlement,
  log: Logger,
  giveUp: AbortSignal,
): Promise<boolean> {
  const signal = AbortSignal.any([giveUp, AbortSignal.timeout(GIVE_UP_AFTER_MS)]);
  const backoff = createBackoff();
  for (;;) {
    try {
      await client.settle(taskId, settlement);
      log.info({ outcome: settlement.outcome, error: settlement.error?.code }, 'settled');
      return true;
    } catch (error) {
      const code = error instanceof SeedError ? error.code : 'internal';
      if (code === 'lease_lost') {
        log.info('the lease was lost before the task was settled');
        return false;
      }
      if (!isPassing(error) || signal.aborted) {
        log.error({ code, err: error, outcome: settlement.outcome }, 'the task could not be settled');
        return false;
      }
      log.warn({ code }, 'settling again');
      await pause(backoff.next(), signal);
    }
  }
}
