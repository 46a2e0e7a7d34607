// The calls of models: a row each, and added to what its task, its line and its keys have used. Called by server/spending.
import { randomUUID } from 'node:crypto';
import { storableText, storableTextOrNull } from '../../db/storable.ts';
import type { Store } from '../../db/store.ts';
import type { TaskRow, Tx } from '../../db/tables.ts';
import { leastCertain } from '../../protocol/cost-source.ts';
import { isTerminal } from '../../protocol/statuses.ts';
import { addToLine, lockLine } from './ancestors.ts';
import type { ModelCall } from './model-call.ts';
import { releaseReservation } from './reservations.ts';
import { addSpend } from './spend.ts';

/**
 * The row and all sums change together, so that they always agree, and the reservation goes with them. A call that was
 * taken for lost meanwhile (lapsed-calls.ts) has its row corrected. Does nothing more when the task is gone.
 */
export async function recordModelCall(
  store: Pick<Store, 'db' | 'clock' | 'caches'>,
  taskId: string,
  call: ModelCall,
  reservation: string | null = null,
): Promise<void> {
  const wasLate = await store.db.transaction().execute(async (tx) => {
    const line = await lockLine(tx, taskId);
    const isOpen = reservation === null || (await releaseReservation(tx, reservation));
    const earlier = isOpen ? null : await earlierRow(tx, taskId, reservation);
    return addCall(tx, line, { id: reservation ?? randomUUID(), call, earlier }, store.clock.now());
  });
  if (wasLate) store.caches.forget('ended tasks');
}

interface NewRow {
  id: string;
  call: ModelCall;
  /** What was written of this call before, which this replaces. */
  earlier: EarlierRow | null;
}

/**
 * In a transaction that has locked the line of the task.
 * @returns whether the task had ended already
 */
export async function addCall(
  tx: Tx,
  line: readonly TaskRow[],
  { id, call, earlier }: NewRow,
  now: Date,
): Promise<boolean> {
  const task = line.at(-1);
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
  const used = { tokens, nanoUsd: more.nanoUsd, calls: earlier ? 0 : 1 };
  await addToLine(tx, line, used);
  await addSpend(tx, task.key_id, used, at);
  return isTerminal(task.status);
}

interface EarlierRow {
  created_at: Date;
  input_tokens: number;
  output_tokens: number;
  cost_nano_usd: number;
}

async function earlierRow(tx: Tx, taskId: string, id: string): Promise<EarlierRow | null> {
  const row = await tx
    .selectFrom('model_calls')
    .select(['created_at', 'input_tokens', 'output_tokens', 'cost_nano_usd'])
    .where('task_id', '=', taskId)
    .where('id', '=', id)
    .executeTakeFirst();
  return row ?? null;
}
