// Starting a sandbox on a host that has nothing left for one just now. Used by task-run.ts.
import { isHostLack } from '../lib/host-lack.ts';
import type { Logger } from '../lib/log.ts';
import { SeedError } from '../protocol/errors.ts';
import { untilBack } from '../relay/patience.ts';

/**
 * What `start` answers, or throws last. A start the host has no descriptor, process, memory or room for has no
 * effect: it is made again, for as long as a server would be waited for, until `over` tells the run's end.
 */
export async function startPatiently<Sandbox>(
  start: () => Promise<Sandbox>,
  over: AbortSignal,
  log: Logger,
): Promise<Sandbox> {
  const attempt = () =>
    start().catch((error: Error) => {
      if (!isHostLack(error)) throw error;
      throw new SeedError('unavailable', error.message, { cause: error });
    });
  const onAway = ({ message: problem }: SeedError) =>
    log.warn({ problem }, 'the host has nothing left for a sandbox; trying again');
  return untilBack(attempt, { signal: over, onAway });
}
