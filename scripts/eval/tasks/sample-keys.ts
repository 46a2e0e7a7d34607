// Keys and webhook events of any age for tasks of the eval, written past the API, which gives everything today's
// date.
import { randomBytes, randomUUID } from 'node:crypto';
import type { Account, World } from '../world.ts';

export interface SampleKey {
  name: string;
  createdDaysAgo: number;
  /** Null: it was never used. */
  usedDaysAgo: number | null;
  expiredDaysAgo?: number;
  revokedDaysAgo?: number;
}

/** @returns its id */
export async function addKey(world: World, { id: accountId }: Account, key: SampleKey): Promise<string> {
  const id = randomUUID();
  await world.query(
    `insert into keys (id, account_id, name, prefix, secret_hash, scopes, created_at, last_used_at, expires_at, revoked_at,
       metadata, enabled, tasks_may_create_lasting_keys)
     values ($1, $2, $3, 'sk_live_made', $4, '{keys:read}', now() - make_interval(days => $5),
       now() - make_interval(days => $6), now() - make_interval(days => $7), now() - make_interval(days => $8),
       '{}', true, false)`,
    [
      id,
      accountId,
      key.name,
      randomBytes(32).toString('hex'),
      key.createdDaysAgo,
      key.usedDaysAgo,
      key.expiredDaysAgo ?? null,
      key.revokedDaysAgo ?? null,
    ],
  );
  return id;
}

/** So many events of a type, that happened so many days ago. */
export async function addWebhookEvents(
  world: World,
  { id }: Account,
  { type, count, daysAgo }: { type: string; count: number; daysAgo: number },
): Promise<void> {
  await world.query(
    `insert into webhook_events (id, account_id, type, created_at, data, position)
     select gen_random_uuid(), $1, $2, date_trunc('milliseconds', now()) - make_interval(days => $4), '{}',
       nextval('webhook_event_positions')
     from generate_series(1, $3::int)`,
    [id, type, count, daysAgo],
  );
}

/** A call of a model that this key is billed for, in this month. */
export async function addModelCall(
  world: World,
  { id }: Account,
  keyId: string,
  used: { inputTokens: number; outputTokens: number; dollars: number },
): Promise<void> {
  await world.query(
    `insert into model_calls (id, account_id, billed_key_id, created_at, task_id, asked_model, input_tokens, output_tokens,
       cached_tokens, reasoning_tokens, cost_nano_usd, cost_source, duration_ms, outcome)
     values (gen_random_uuid(), $1, $2, now(), gen_random_uuid(), 'made-up', $3, $4, 0, 0, $5, 'upstream', 800, 'ok')`,
    [id, keyId, used.inputTokens, used.outputTokens, Math.round(used.dollars * 1e9)],
  );
}
