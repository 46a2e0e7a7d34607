// Keeps the partitions of what grows by the thousand: makes the coming days' and drops those older than the operator
// wants to keep, every few hours.
import type { Logger } from '../lib/log.ts';
import { logFailure } from '../lib/log-failure.ts';
import { carePartitions } from './partitions.ts';
import type { Store } from './store.ts';

const EVERY_MS = 6 * 3_600_000;
const DAY_MS = 86_400_000;

/** In days; null: for ever. */
export interface Retention {
  calls: number | null;
  events: number | null;
}

/** Resolves when today has its partitions. Rejects only then; later failures go to the log. */
export async function keepRowsFor(days: Retention, store: Store, log: Logger): Promise<AsyncDisposable> {
  const since = (kept: number | null) =>
    kept === null ? null : new Date(store.clock.now().getTime() - kept * DAY_MS);
  const care = async () => {
    const { dropped, left } = await carePartitions(store, {
      calls: since(days.calls),
      events: since(days.events),
    });
    if (dropped.length > 0) log.info({ dropped, days }, 'dropped old partitions');
    if (left.length > 0)
      log.warn({ tables: left }, 'long queries were in the way of the care for partitions');
  };
  await care();
  let caring: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    caring = care().catch((error) => logFailure(log, error, 'could not care for the partitions'));
  }, EVERY_MS);
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await caring;
    },
  };
}
