// Looks every second for tasks whose runner is lost or whose deadline has passed, and ends them. After a start, a
// failed look or a late one it first gives runners the time of a lease to be heard: they could not renew theirs.

import type { Store } from '../../db/store.ts';
import { type Logger, logFailure } from '../../lib/log.ts';
import { endLapsedTasks } from './lapse.ts';
import { createWatch } from './sweep-watch.ts';

const EVERY_MS = 1_000;

export function sweepLapsedLeases(store: Store, log: Logger): AsyncDisposable {
  let running: Promise<void> = Promise.resolve();
  let busy = false;
  const watch = createWatch();
  const look = async () => {
    busy = true;
    try {
      const taskIds = await endLapsedTasks(store, watch);
      if (taskIds.length > 0)
        log.warn({ taskIds }, 'ended tasks, or gave them back, whose runner was lost or whose time was over');
    } catch (error) {
      watch.missed();
      logFailure(log, error, 'could not look for lapsed leases');
    } finally {
      busy = false;
    }
  };
  const timer = setInterval(() => {
    if (!busy) running = look();
  }, EVERY_MS);
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await running;
    },
  };
}
