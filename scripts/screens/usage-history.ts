// A month of model calls, sandboxes and errors for the keys of the sample Seed, written into its database.
import { Client } from 'pg';

const DAYS = 30;
const OWN_KEYS = `
  select id, account_id, row_number() over (order by created_at) as place from keys where task_id is null`;
const DAYS_BEFORE = `generate_series(
  date_trunc('day', now(), 'UTC') - interval '${DAYS - 1} days',
  date_trunc('day', now(), 'UTC') - interval '1 day', '1 day')`;
/** How much is done on a day: less on weekends, and less by keys that came later. */
const BUSY = `case when extract(isodow from day) > 5 then 3 else 12 + (extract(day from day)::int * 7) % 17 end / place`;

export async function writeUsageHistory(databaseUrl: string): Promise<void> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query(`
      insert into model_calls (id, created_at, account_id, billed_key_id, task_id, asked_model, input_tokens, output_tokens,
        cached_tokens, reasoning_tokens, cost_nano_usd, cost_source, duration_ms, outcome)
      select gen_random_uuid(), day + interval '9 hours' + interval '7 minutes' * call, account_id, id, gen_random_uuid(),
        (array['anthropic/claude-sonnet-5', 'openai/gpt-5-mini', 'anthropic/claude-sonnet-5', 'qwen/qwen3-coder'])[1 + call % 4],
        9000 + call * 613 % 7000, 600 + call * 131 % 900, 4000, 0, 21000000 + call * 997 % 31 * 1000000, 'prices', 2400,
        case when call % 23 = 0 then 'llm_unavailable' else 'ok' end
      from (${OWN_KEYS}) as own cross join ${DAYS_BEFORE} as day
      cross join lateral generate_series(1, ${BUSY}) as call`);
    await client.query(`
      insert into compute (task_id, created_at, account_id, billed_key_id, vcpu_seconds, gb_seconds, cost_nano_usd)
      select gen_random_uuid(), day + interval '10 hours' + interval '11 minutes' * task, account_id, id, 38, 61, 4200000
      from (${OWN_KEYS}) as own cross join ${DAYS_BEFORE} as day
      cross join lateral generate_series(1, ${BUSY} / 2) as task`);
    await client.query(`
      insert into calls (id, created_at, account_id, key_id, billed_key_id, command, effect, scope, status, code, duration_ms)
      select gen_random_uuid(), day + interval '14 hours' + interval '5 minutes' * call, account_id, id, id,
        (array['contacts list', 'orders get', 'emails send'])[1 + call % 3], 'read', 'contacts:read',
        (array[403, 404, 400, 429])[1 + call % 4], (array['missing_scope', 'not_found', 'invalid_input', 'rate_limited'])[1 + call % 4], 6
      from (${OWN_KEYS}) as own cross join ${DAYS_BEFORE} as day
      cross join lateral generate_series(1, ${BUSY} / 6) as call`);
  } finally {
    await client.end();
  }
}
