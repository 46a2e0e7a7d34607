// Tells the server how a task ended, until the server has it.
import type { Logger } from '../lib/log.ts';
import { SeedError } from '../protocol/errors.ts';
import type { Settlement } from '../protocol/runner.ts';
import { createBackoff, pause } from './backoff.ts';
import { isPassing, type ServerClient } from './server-client.ts';

/** Long after the lease has lapsed the server has decided by itself. */
export const GIVE_UP_AFTER_MS = 600_000;

/** Never rejects: what the server finally refused is logged. @param giveUp aborted when there is no time left to try */
export async function settleTask(
  client: ServerClient,
  taskId: string,
  settlement: Settlement,
  log: Logger,
  giveUp: AbortSignal,
): Promise<void> {
  const signal = AbortSignal.any([giveUp, AbortSignal.timeout(GIVE_UP_AFTER_MS)]);
  const backoff = createBackoff();
  for (;;) {
    try {
      await client.settle(taskId, settlement);
      log.info({ outcome: settlement.outcome, error: settlement.error?.code }, 'settled');
      return;
    } catch (error) {
      const code = error instanceof SeedError ? error.code : 'internal';
      if (code === 'lease_lost') return log.info('the lease was lost before the task was settled');
      if (!isPassing(error) || signal.aborted) {
        return log.error({ code, err: error, outcome: settlement.outcome }, 'the task could not be settled');
      }
      log.warn({ code }, 'settling again');
      await pause(backoff.next(), signal);
    }
  }
}
