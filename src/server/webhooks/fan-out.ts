// Numbers the events that no server has seen yet and makes deliveries of them. Called by a
// dispatcher that has seen some.
import { sql } from 'kysely';
import { ADVISORY_LOCKS } from '../../db/advisory-locks.ts';
import type { Store } from '../../db/store.ts';
import { notify } from '../../db/telling.ts';

const BATCH = 500;

/**
 * Returns how many events it took, at most a batch. One server at a time does it, until its transaction has
 * committed: so whoever reads events in the order of their numbers misses none. Others return 0 at once.
 */
export async function fanOutEvents(store: Pick<Store, 'db' | 'clock'>): Promise<number> {
  return store.db.transaction().execute(async (tx) => {
    const { rows: locks } = await sql<{ mine: boolean }>`
      select pg_try_advisory_xact_lock(${ADVISORY_LOCKS.webhookFanOut}) as mine`.execute(tx);
    if (!locks[0]?.mine) return 0;
    const now = store.clock.now();
    const { rows } = await sql<{ events: number; accounts: string[] | null }>`
      with fresh as (
        select id, nextval('webhook_event_positions') as position from (
          select id from webhook_events where position is null order by created_at, id limit ${BATCH}
        ) as oldest
      ), numbered as (
        update webhook_events as event set position = fresh.position from fresh where event.id = fresh.id
        returning event.*
      ), wanted as (
        select event.id as event_id, event.account_id, endpoint.id as endpoint_id, endpoint.url, endpoint.id as lane
        from numbered as event join webhook_endpoints as endpoint
          on endpoint.account_id = event.account_id and endpoint.enabled
          and (event.only_endpoint_id = endpoint.id
            or event.only_endpoint_id is null and exists (
              select from unnest(endpoint.event_types) as pattern
              where pattern = '*' or pattern = event.type
                or pattern like '%.*' and starts_with(event.type, left(pattern, -1))))
        union all
        select id, account_id, null, url, md5(account_id::text || url)::uuid from numbered where url is not null
      ), made as (
        insert into webhook_deliveries
          (id, account_id, event_id, endpoint_id, url, lane, created_at, status, next_attempt_at)
        select gen_random_uuid(), account_id, event_id, endpoint_id, url, lane, ${now}, 'pending', ${now} from wanted
      )
      select count(*) as events, array_agg(distinct account_id) as accounts from numbered`.execute(tx);
    for (const accountId of rows[0]?.accounts ?? []) await notify(tx, `webhook-events:${accountId}`);
    return rows[0]?.events ?? 0;
  });
}
