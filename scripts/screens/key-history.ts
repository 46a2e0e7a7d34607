// A month of calls for the keys of the sample Seed, written into its database: nobody waits a month for a picture.
import { Client } from 'pg';

const DAYS = 30;

/** Weekdays are busier than weekends, and a key that came first is busier than the next. */
export async function writeKeyHistory(databaseUrl: string): Promise<void> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query(
      `update keys set created_at = now() - interval '${DAYS + 12} days' + interval '1 minute' * id.place, last_used_at = now() - interval '7 minutes' * id.place
       from (select id, row_number() over (order by created_at) as place from keys where task_id is null) as id
       where keys.id = id.id`,
    );
    await client.query(
      `insert into calls (id, created_at, account_id, key_id, billed_key_id, command, effect, scope, status, duration_ms)
       select gen_random_uuid(), day + interval '9 hours' + interval '3 minutes' * call, account_id, id, id, 'keys list', 'read', 'keys:read', 200, 4
       from (
         select id, account_id, row_number() over (order by created_at) as place from keys where task_id is null
       ) as own
       cross join generate_series(date_trunc('day', now(), 'UTC') - interval '${DAYS - 1} days', date_trunc('day', now(), 'UTC') - interval '1 day', '1 day') as day
       cross join lateral generate_series(1, case when extract(isodow from day) > 5 then 2 else 14 + (extract(day from day)::int * 7) % 23 end / place) as call`,
    );
  } finally {
    await client.end();
  }
}
