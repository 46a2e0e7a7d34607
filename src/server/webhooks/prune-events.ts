// Deletes events that are older than the operator wants to keep, with their deliveries and attempts, a few
// thousand at a time.
import { sql } from 'kysely';
import type { Store } from '../../db/store.ts';
import { every, type Loop } from '../../lib/every.ts';
import type { Logger } from '../../lib/log.ts';

const EVERY_MS = 3_600_000;
const DAY_MS = 86_400_000;
const BATCH = 2_000;

/** @param days after which events are deleted */
export function keepEventsFor(days: number, store: Store, log: Logger): Loop {
  return every({ everyMs: EVERY_MS, atOnce: true, name: 'delete old webhook events', log }, () =>
    pruneWebhookEvents(store, new Date(store.clock.now().getTime() - days * DAY_MS)),
  );
}

/** Several servers may call it at once: each takes others. Returns how many events it deleted. */
export async function pruneWebhookEvents(store: Pick<Store, 'longRunning'>, before: Date): Promise<number> {
  let deleted = 0;
  for (;;) {
    const { numAffectedRows = 0n } = await sql`
      delete from webhook_events where id in (
        select id from webhook_events where created_at < ${before}
        order by created_at limit ${BATCH} for update skip locked
      )`.execute(store.longRunning);
    deleted += Number(numAffectedRows);
    if (numAffectedRows < BATCH) return deleted;
  }
}
