// Deletes events that are older than the operator wants to keep, with their deliveries and attempts, a few thousand at a time.
import { sql } from 'kysely';
import type { Store } from '../../db/store.ts';

const BATCH = 2_000;

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
