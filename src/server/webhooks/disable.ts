// Switches an endpoint off that is gone or has failed for too long, and tells the account's other endpoints.

import type { Tx } from '../../db/tables.ts';
import { emitEvent } from './events.ts';

/** Nothing happens when it is off already. What waits for it has failed; it can be replayed once the endpoint is on again. */
export async function disableEndpoint(
  tx: Tx,
  id: string,
  reason: 'gone' | 'failing',
  now: Date,
): Promise<void> {
  const disabled = await tx
    .updateTable('webhook_endpoints')
    .set({ enabled: false, disabled_reason: reason, updated_at: now })
    .where('id', '=', id)
    .where('enabled', '=', true)
    .returning(['account_id', 'failing_since'])
    .executeTakeFirst();
  if (!disabled) return;
  await failPending(tx, id, now);
  const failingSince = disabled.failing_since?.toISOString() ?? null;
  const data = { webhookId: id, reason, failingSince };
  await emitEvent(tx, { accountId: disabled.account_id, type: 'webhook.disabled', data }, now);
}

/** @param lane the endpoint, or what stands for a task's URL */
export async function failPending(tx: Tx, lane: string, now: Date): Promise<void> {
  await tx
    .updateTable('webhook_deliveries')
    .set({ status: 'failed', next_attempt_at: null, claim_id: null, completed_at: now })
    .where('lane', '=', lane)
    .where('status', '=', 'pending')
    .execute();
}
