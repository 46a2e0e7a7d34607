// What has to be done from time to time: telling of keys that will expire, and deleting old events.

import type { Store } from '../../db/store.ts';
import { type Logger, logFailure } from '../../lib/log.ts';
import { announceExpiringKeys } from '../access/key-expiring.ts';
import { pruneWebhookEvents } from './prune.ts';

const ANNOUNCE_EVERY_MS = 60_000;
const PRUNE_EVERY_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** @param days null: events are kept for ever */
export function careForWebhooks(days: number | null, store: Store, log: Logger): AsyncDisposable {
  const announce = every(ANNOUNCE_EVERY_MS, async () => {
    await announceExpiringKeys(store).catch((error) =>
      logFailure(log, error, 'could not look for keys that will expire'),
    );
  });
  const prune = every(PRUNE_EVERY_MS, async () => {
    if (days === null) return;
    const before = new Date(store.clock.now().getTime() - days * DAY_MS);
    await pruneWebhookEvents(store, before).catch((error) =>
      logFailure(log, error, 'could not delete old webhook events'),
    );
  });
  return {
    async [Symbol.asyncDispose]() {
      await Promise.all([announce.stop(), prune.stop()]);
    },
  };
}

/** Does it now, and again and again, one after the other. */
function every(ms: number, work: () => Promise<void>): { stop(): Promise<void> } {
  let working = work();
  const timer = setInterval(() => {
    working = working.then(work);
  }, ms);
  return {
    stop: () => {
      clearInterval(timer);
      return working;
    },
  };
}
