// Calls of models whose server is gone: their reservations lapse into charges of what the calls had taken, as far as anybody
// knows. Called by every server from time to time.

import type { Store } from '../../db/store.ts';
import type { Prices } from '../../lib/money.ts';
import { lockLine } from './ancestors.ts';
import { callCost, NOTHING_TOLD } from './call-usage.ts';
import type { ModelCall } from './model-call.ts';
import { addCall } from './model-calls.ts';
import { releaseReservation } from './reservations.ts';

/** In one look; the next one takes others. */
const MOST = 100;

/** Several servers may call it at once: each call is recorded once. */
export async function chargeLapsedCalls(
  store: Pick<Store, 'db' | 'clock' | 'caches'>,
  prices: Prices,
): Promise<void> {
  const lapsed = await store.db
    .selectFrom('reservations')
    .selectAll()
    .where('expires_at', '<=', store.clock.now())
    .orderBy('expires_at')
    .limit(MOST)
    .execute();
  for (const { id, task_id, created_at, asked_model, input_tokens, output_tokens } of lapsed) {
    const call = lostCall(prices, asked_model ?? '', input_tokens ?? 0, output_tokens);
    await store.db.transaction().execute(async (tx) => {
      const now = store.clock.now();
      // The line before the reservation, as whoever records a call does: so nobody waits in a circle.
      const line = task_id === null ? [] : await lockLine(tx, task_id);
      if (!(await releaseReservation(tx, id, now))) return;
      const durationMs = created_at === null ? 0 : now.getTime() - created_at.getTime();
      await addCall(tx, line, { id, call: { ...call, durationMs }, earlier: null }, now);
    });
    store.caches.forget('ended tasks');
  }
}

/** Its request was read, and so much had come of its answer when its server last said so. */
function lostCall(
  prices: Prices,
  model: string,
  input: number,
  output: number,
): Omit<ModelCall, 'durationMs'> {
  const facts = { told: NOTHING_TOLD, requests: 1, finished: false, output, input: () => input };
  return {
    askedModel: model,
    answeredModel: null,
    ...callCost(prices, model, facts),
    outcome: 'interrupted',
  };
}
