// The calls of models: a row each, and added to what its task, that one's ancestors and its keys have used. Called
// by spending.ts, which also looks from time to time for calls whose server is gone.
import { randomUUID } from 'node:crypto';
import { storableText, storableTextOrNull } from '../../db/storable.ts';
import type { Store } from '../../db/store.ts';
import type { TaskRow, Tx } from '../../db/tables.ts';
import type { Prices } from '../../lib/money.ts';
import { leastCertain } from '../../protocol/cost-source.ts';
import { isTerminal } from '../../protocol/statuses.ts';
import { callCost, type ModelCall, NOTHING_TOLD } from './call-usage.ts';
import { releaseReservation } from './reservations.ts';
import { addUsed, lockAncestors } from './sums.ts';

type CallStore = Pick<Store, 'db' | 'clock' | 'caches'>;

/**
 * The row and all sums change together, so that they always agree, and the reservation goes with them. A call that
 * was taken for lost meanwhile has its row corrected. Does nothing more when the task is gone.
 */
export async function recordModelCall(
  store: CallStore,
  taskId: string,
  call: ModelCall,
  reservation: string | null = null,
): Promise<void> {
  const wasLate = await store.db.transaction().execute(async (tx) => {
    const ancestors = await lockAncestors(tx, taskId);
    const isOpen = reservation === null || (await releaseReservation(tx, reservation));
    const earlier = isOpen ? undefined : await earlierRow(tx, taskId, reservation);
    return addCall(tx, ancestors, { id: reservation ?? randomUUID(), call, earlier }, store.clock.now());
  });
  if (wasLate) store.caches.forget('ended tasks');
}

interface NewRow {
  id: string;
  call: ModelCall;
  /** What was written of this call before, which this replaces. */
  earlier: Awaited<ReturnType<typeof earlierRow>>;
}

/** Writes the call and adds it to the sums of the task and its locked ancestors. Returns whether it had ended. */
async function addCall(
  tx: Tx,
  ancestors: readonly TaskRow[],
  { id, call, earlier }: NewRow,
  now: Date,
): Promise<boolean> {
  const task = ancestors.at(-1);
  if (!task) return false;
  const at = earlier?.created_at ?? now;
  const more = {
    inputTokens: call.inputTokens - (earlier?.input_tokens ?? 0),
    outputTokens: call.outputTokens - (earlier?.output_tokens ?? 0),
    nanoUsd: call.costNanoUsd - (earlier?.cost_nano_usd ?? 0),
  };
  await tx
    .updateTable('tasks')
    .set((sum) => ({
      input_tokens: sum('input_tokens', '+', more.inputTokens),
      output_tokens: sum('output_tokens', '+', more.outputTokens),
      llm_nano_usd: sum('llm_nano_usd', '+', more.nanoUsd),
      cost_source: leastCertain(task.cost_source, call.costSource),
    }))
    .where('id', '=', task.id)
    .execute();
  const told = {
    answered_model: storableTextOrNull(call.answeredModel),
    input_tokens: call.inputTokens,
    output_tokens: call.outputTokens,
    cached_tokens: call.cachedTokens,
    reasoning_tokens: call.reasoningTokens,
    cost_nano_usd: call.costNanoUsd,
    cost_source: call.costSource,
    unpriced: call.unpriced,
    duration_ms: call.durationMs,
    outcome: call.outcome,
  };
  if (earlier) {
    await tx.updateTable('model_calls').set(told).where('created_at', '=', at).where('id', '=', id).execute();
  } else {
    const { account_id, billed_key_id } = task;
    const asked_model = storableText(call.askedModel);
    await tx
      .insertInto('model_calls')
      .values({ id, created_at: at, account_id, billed_key_id, task_id: task.id, asked_model, ...told })
      .execute();
  }
  const tokens = more.inputTokens + more.outputTokens;
  await addUsed(tx, ancestors, { tokens, nanoUsd: more.nanoUsd, calls: earlier ? 0 : 1 }, at);
  return isTerminal(task.status);
}

function earlierRow(tx: Tx, taskId: string, id: string) {
  return tx
    .selectFrom('model_calls')
    .select(['created_at', 'input_tokens', 'output_tokens', 'cost_nano_usd'])
    .where('task_id', '=', taskId)
    .where('id', '=', id)
    .executeTakeFirst();
}

/** How many are charged in one look; the next one takes others. */
const LAPSED_MOST = 100;

/** Charges calls whose server is gone, as far as is known; each once, however many servers do it at once. */
export async function chargeLapsedCalls(store: CallStore, prices: Prices): Promise<void> {
  const lapsed = await store.db
    .selectFrom('reservations')
    .selectAll()
    .where('expires_at', '<=', store.clock.now())
    .orderBy('expires_at')
    .limit(LAPSED_MOST)
    .execute();
  for (const { id, task_id, created_at, asked_model, input_tokens, output_tokens } of lapsed) {
    const askedModel = asked_model ?? '';
    // Its request was read, and so much had come of its answer when its server last said so.
    const facts = { told: NOTHING_TOLD, requests: 1, finished: false, output: output_tokens };
    const cost = callCost(prices, askedModel, { ...facts, input: () => input_tokens ?? 0 });
    const call = { askedModel, answeredModel: null, ...cost, outcome: 'interrupted' };
    await store.db.transaction().execute(async (tx) => {
      const now = store.clock.now();
      // The tasks before the reservation, as whoever records a call does: so nobody waits in a circle.
      const ancestors = task_id === null ? [] : await lockAncestors(tx, task_id);
      if (!(await releaseReservation(tx, id, now))) return;
      const durationMs = created_at === null ? 0 : now.getTime() - created_at.getTime();
      await addCall(tx, ancestors, { id, call: { ...call, durationMs }, earlier: undefined }, now);
    });
    store.caches.forget('ended tasks');
  }
}
