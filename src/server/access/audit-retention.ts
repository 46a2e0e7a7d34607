// Deletes audit entries that are older than the operator's setting says, an hour apart. Without the setting it is not
// started and the log is kept for ever.

import type { Store } from '../../db/store.ts';
import type { Logger } from '../../lib/log.ts';
import { logFailure } from '../../lib/log-failure.ts';
import { pruneAudit } from './audit-prune.ts';

const EVERY_MS = 3_600_000;
const DAY_MS = 86_400_000;

export function keepAuditFor(days: number, store: Store, log: Logger): AsyncDisposable {
  let pruning: Promise<void> = Promise.resolve();
  const prune = async () => {
    try {
      const deleted = await pruneAudit(store, new Date(store.clock.now().getTime() - days * DAY_MS));
      if (deleted > 0) log.info({ deleted, days }, 'pruned the audit log');
    } catch (error) {
      logFailure(log, error, 'could not prune the audit log');
    }
  };
  const begin = () => {
    pruning = pruning.then(prune);
  };
  begin();
  const timer = setInterval(begin, EVERY_MS);
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await pruning;
    },
  };
}
