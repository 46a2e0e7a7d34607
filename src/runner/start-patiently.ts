// Starting a sandbox on a host that may have nothing left for it at the moment. Used by task-run.ts.
import type { Sandbox } from '../drivers/driver.ts';
import { isHostLack } from '../lib/host-lack.ts';
import type { Logger } from '../lib/log.ts';
import { SeedError } from '../protocol/errors.ts';
import { untilBack } from './until-back.ts';

/**
 * What `start` answers. A start that the host has no descriptor, process, memory or room for has had no effect: it is made again,
 * for as long as a server would be waited for.
 * @param over aborted when the run has ended
 * @throws what `start` threw last
 */
export async function startPatiently(
  start: () => Promise<Sandbox>,
  over: AbortSignal,
  log: Logger,
): Promise<Sandbox> {
  const attempt = () =>
    start().catch((error: Error) => {
      if (!isHostLack(error)) throw error;
      throw new SeedError('unavailable', error.message, { cause: error });
    });
  return untilBack(attempt, {
    signal: over,
    onAway: ({ message }) =>
      log.warn({ problem: message }, 'the host has nothing left for a sandbox; trying again'),
  });
}
