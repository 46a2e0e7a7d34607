// Tells of keys that will expire, a week ahead. Called by the server every minute.
import { sql } from 'kysely';
import type { Store } from '../../db/store.ts';
import type { Loop } from '../../lib/every.ts';
import type { Logger } from '../../lib/log.ts';
import { emitEvent } from '../webhooks/events.ts';

const EVERY_MS = 60_000;
const AHEAD_MS = 7 * 86_400_000;
const BATCH = 100;

interface ExpiringKey {
  id: string;
  account_id: string;
  name: string;
  expires_at: Date;
}

export function watchExpiringKeys(store: Store, log: Logger): Loop {
  return store.loops.every({ everyMs: EVERY_MS, atOnce: true, name: 'look for keys that will expire', log }, () =>
    announceExpiringKeys(store),
  );
}

/**
 * An event for each key that was given more than a week and ends within a week, once for each expiry, whichever
 * server is first. Returns how many keys there were.
 */
export async function announceExpiringKeys(store: Store): Promise<number> {
  let announced = 0;
  for (;;) {
    const batch = await store.db.transaction().execute(async (tx) => {
      const now = store.clock.now();
      const { rows } = await sql<ExpiringKey>`
        update keys set expiry_announced = expires_at where id in (
          select id from keys
          where task_id is null and revoked_at is null
            and expires_at > ${now} and expires_at <= ${new Date(now.getTime() + AHEAD_MS)}
            and expires_at - coalesce(rotated_at, created_at) > interval '7 days'
            and expiry_announced is distinct from expires_at
          order by expires_at limit ${BATCH} for no key update skip locked
        ) returning id, account_id, name, expires_at`.execute(tx);
      for (const { id, account_id, name, expires_at } of rows) {
        const data = { keyId: id, name, expiresAt: expires_at.toISOString() };
        await emitEvent(tx, { accountId: account_id, type: 'key.expiring', data }, now);
      }
      return rows.length;
    });
    announced += batch;
    if (batch < BATCH) return announced;
  }
}
