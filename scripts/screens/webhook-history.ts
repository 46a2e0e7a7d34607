// Webhooks of the sample Seed and what became of its events there, written into its database: pictures need no
// receivers.
import { randomUUID } from 'node:crypto';
import { Client } from 'pg';

const WEBHOOKS = [
  {
    url: 'https://hooks.acme.example/seed',
    description: 'Order desk: what agents did',
    types: ['task.*', 'key.revoked'],
    failing: false,
    off: null,
  },
  {
    url: 'https://chat.acme.example/services/T024/B01/seed',
    description: 'Failures to #agents',
    types: ['task.failed', 'task.stopped', 'webhook.disabled', 'key.revoked'],
    failing: false,
    off: null,
  },
  {
    url: 'https://audit.acme.example/in',
    description: 'Audit trail',
    types: ['*'],
    failing: true,
    off: null,
  },
  {
    url: 'https://old.acme.example/hook',
    description: '',
    types: ['task.completed'],
    failing: false,
    off: 'gone',
  },
];

/** To be written last: whatever happens afterwards would be posted to these. */
export async function writeWebhookHistory(databaseUrl: string): Promise<void> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    for (const [place, { url, description, types, failing, off }] of WEBHOOKS.entries()) {
      const id = randomUUID();
      await client.query(
        `insert into webhook_endpoints (id, account_id, url, description, event_types, enabled, disabled_reason, failing_since,
           created_at, updated_at)
         select $1, account_id, $2, $3, $4, $5::text is null, $5, case when $6 then now() - interval '95 minutes' end,
           now() - interval '1 day' * $7, now() - interval '1 day' * $7 from keys where task_id is null limit 1`,
        [id, url, description, types, off, failing, 20 - place],
      );
      if (types.some((type) => type === '*' || type.startsWith('task.')) && off === null)
        await deliver(client, { id, url, failing });
    }
  } finally {
    await client.end();
  }
}

/** The events of the last tasks: answered at once, or not yet for want of a receiver that works. */
async function deliver(client: Client, webhook: { id: string; url: string; failing: boolean }): Promise<void> {
  const { rows } = await client.query(
    `insert into webhook_deliveries (id, account_id, event_id, endpoint_id, url, lane, created_at, status, attempts_made,
       next_attempt_at, completed_at)
     select gen_random_uuid(), account_id, id, $1, $2, $1, created_at, case when $3 then 'pending' else 'delivered' end, 1,
       case when $3 then now() + interval '27 minutes' end, case when $3 then null else created_at + interval '180 ms' end
     from webhook_events where type like 'task.%' returning id`,
    [webhook.id, webhook.url, webhook.failing],
  );
  for (const attempt of webhook.failing ? [40, 35, 5] : [0]) {
    await client.query(
      `insert into webhook_attempts (id, account_id, delivery_id, created_at, duration_ms, status, error, answer)
       select gen_random_uuid(), account_id, id, created_at - interval '1 minute' * $2, 186, $3, null, $4
       from webhook_deliveries where id = any($1)`,
      [
        rows.map(({ id }) => id),
        attempt,
        webhook.failing ? 503 : 200,
        webhook.failing ? '{"error":"database is in recovery mode","retry":true}' : '{"ok":true}',
      ],
    );
  }
}
