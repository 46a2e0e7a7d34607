// Looks every second for tasks whose runner is lost or whose deadline has passed, and ends them. After a start it first
// gives runners the time of a lease to be heard: while the server was down they could not renew theirs.
import type { Logger } from '../lib/log.ts';
import { logFailure } from '../lib/log-failure.ts';
import { LEASE_MS } from '../protocol/runner.ts';
import type { Store } from '../store/store.ts';
import { endLapsedTasks } from '../store/task-lapse.ts';

const EVERY_MS = 1_000;

export function sweepLapsedLeases(store: Store, log: Logger): AsyncDisposable {
  let running: Promise<void> = Promise.resolve();
  let busy = false;
  const from = performance.now() + LEASE_MS;
  const look = async () => {
    busy = true;
    try {
      const ended = await endLapsedTasks(store);
      if (ended.length > 0)
        log.warn({ taskIds: ended }, 'ended tasks whose runner was lost or whose time was over');
    } catch (error) {
      logFailure(log, error, 'could not look for lapsed leases');
    } finally {
      busy = false;
    }
  };
  const timer = setInterval(() => {
    if (!busy && performance.now() > from) running = look();
  }, EVERY_MS);
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await running;
    },
  };
}
