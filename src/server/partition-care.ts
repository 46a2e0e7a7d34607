// Keeps the partitions of what grows by the thousand: makes the coming days' and drops those older than the operator
// wants to keep, every few hours.
import type { Logger } from '../lib/log.ts';
import { carePartitions } from '../store/partitions.ts';
import type { Store } from '../store/store.ts';

const EVERY_MS = 6 * 3_600_000;
const DAY_MS = 86_400_000;

/** Resolves when today has its partitions. Rejects only then; later failures go to the log. @param days null: for ever */
export async function keepCallsFor(days: number | null, store: Store, log: Logger): Promise<AsyncDisposable> {
  const care = async () => {
    const before = days === null ? null : new Date(store.clock.now().getTime() - days * DAY_MS);
    const dropped = await carePartitions(store, before);
    if (dropped.length > 0) log.info({ dropped, days }, 'dropped old partitions');
  };
  await care();
  let caring: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    caring = care().catch((error) => log.error({ err: error }, 'could not care for the partitions'));
  }, EVERY_MS);
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await caring;
    },
  };
}
