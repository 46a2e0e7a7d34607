// Records what came of attempts and what follows for deliveries and endpoints. Called by the dispatcher.
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { storableText } from '../../db/storable.ts';
import type { Store } from '../../db/store.ts';
import type { Tx } from '../../db/tables.ts';
import { notify } from '../../db/telling.ts';
import { TEST_EVENT } from '../../protocol/event-types.ts';
import { type FinishedAttempt, hasFailedTooLong } from './attempt.ts';
import { disableEndpoint, failPending } from './endpoints.ts';

/** A delivery that another server has taken over stays with that one; the attempt is recorded all the same. */
export async function recordAttempts(
  store: Pick<Store, 'db' | 'clock'>,
  attempts: readonly FinishedAttempt[],
): Promise<void> {
  await store.db.transaction().execute(async (tx) => {
    const now = store.clock.now();
    await lockEndpoints(tx, attempts);
    await insertAttempts(tx, attempts);
    await updateDeliveries(tx, attempts, now);
    const failed = attempts.filter(({ verdict }) => verdict.status !== 'delivered');
    const delivered = attempts.filter(({ verdict }) => verdict.status === 'delivered');
    failed.sort((one, other) => (one.delivery.lane < other.delivery.lane ? -1 : 1));
    for (const attempt of failed) await noteFailure(tx, attempt, now);
    for (const { delivery, verdict } of attempts) {
      if (delivery.event.type === TEST_EVENT && verdict.status !== 'pending')
        await notify(tx, `webhook-test:${delivery.event.id}`);
    }
    await noteSuccesses(tx, delivered);
  });
}

/** Endpoints before their deliveries and in one order, so that nobody waits in a circle, nor who deletes one. */
async function lockEndpoints(tx: Tx, attempts: readonly FinishedAttempt[]): Promise<void> {
  const ids = attempts.flatMap(({ delivery }) => delivery.endpointId ?? []);
  await sql`
    select from webhook_endpoints where id = any(${ids}::uuid[]) order by id for no key update`.execute(tx);
}

async function insertAttempts(tx: Tx, attempts: readonly FinishedAttempt[]): Promise<void> {
  const rows = attempts.map(({ delivery, at, durationMs, status, error, answer }) => ({
    id: randomUUID(),
    delivery_id: delivery.id,
    created_at: at,
    duration_ms: durationMs,
    status,
    error,
    answer: storableText(answer),
  }));
  // Joined: a delivery may have been deleted meanwhile, with its event.
  await sql`
    insert into webhook_attempts (id, account_id, delivery_id, created_at, duration_ms, status, error, answer)
    select row.id, delivery.account_id, delivery.id, row.created_at, row.duration_ms, row.status, row.error,
      case when event.data ? 'forgotten' then '' else row.answer end
    from json_to_recordset(${JSON.stringify(rows)}::json) as row (
      id uuid, delivery_id uuid, created_at timestamptz, duration_ms int, status int, error text, answer text
    ) join webhook_deliveries as delivery on delivery.id = row.delivery_id
    join webhook_events as event on event.id = delivery.event_id for share of event`.execute(tx);
}

async function updateDeliveries(tx: Tx, attempts: readonly FinishedAttempt[], now: Date): Promise<void> {
  const rows = attempts.map(({ delivery, verdict }) => ({
    id: delivery.id,
    claim_id: delivery.claimId,
    url: delivery.url,
    status: verdict.status,
    next_attempt_at: verdict.nextAttemptAt,
  }));
  await sql`
    update webhook_deliveries as delivery
    set status = row.status, url = row.url, attempts_made = attempts_made + 1, claim_id = null,
      next_attempt_at = row.next_attempt_at,
      completed_at = case when row.status = 'pending' then null else ${now}::timestamptz end
    from json_to_recordset(${JSON.stringify(rows)}::json) as row (
      id uuid, claim_id uuid, url text, status text, next_attempt_at timestamptz
    ) where delivery.id = row.id and delivery.claim_id = row.claim_id`.execute(tx);
}

async function noteFailure(tx: Tx, { delivery, at, verdict }: FinishedAttempt, now: Date): Promise<void> {
  const { endpointId, lane } = delivery;
  if (endpointId === null) {
    if (verdict.gone) await failPending(tx, lane, now);
    return;
  }
  const endpoint = await tx
    .updateTable('webhook_endpoints')
    .set({
      failing_since: sql<Date>`coalesce(failing_since, ${at})`,
      held_until: sql<Date | null>`greatest(held_until, ${verdict.holdUntil}::timestamptz)`,
    })
    .where('id', '=', endpointId)
    .where('enabled', '=', true)
    .returning('failing_since')
    .executeTakeFirst();
  if (!endpoint) return;
  const { failing_since } = endpoint;
  if (verdict.gone) await disableEndpoint(tx, endpointId, 'gone', now);
  else if (failing_since !== null && hasFailedTooLong(failing_since, now))
    await disableEndpoint(tx, endpointId, 'failing', now);
}

async function noteSuccesses(tx: Tx, attempts: readonly FinishedAttempt[]): Promise<void> {
  const ids = [...new Set(attempts.flatMap(({ delivery }) => delivery.endpointId ?? []))];
  if (ids.length === 0) return;
  await sql`
    with recovered as (
      select id from webhook_endpoints where id = any(${ids}::uuid[]) and failing_since is not null
      order by id for no key update
    )
    update webhook_endpoints as endpoint set failing_since = null from recovered where endpoint.id = recovered.id
  `.execute(tx);
}
