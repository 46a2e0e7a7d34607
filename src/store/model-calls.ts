// The calls of models: a row each, and added to what its task, its line and its keys have used. Called by server/spending.
import { randomUUID } from 'node:crypto';
import { isTerminal } from '../core/lifecycle.ts';
import type { ModelCall } from '../core/model-call.ts';
import { releaseReservation } from './reservations.ts';
import { addSpend } from './spend.ts';
import { storableText, storableTextOrNull } from './storable.ts';
import type { Store } from './store.ts';
import { addToLine, lockLine } from './task-line.ts';

/**
 * The row and all sums change together, so that they always agree, and the reservation goes with them. Does nothing
 * when the task is gone.
 */
export async function recordModelCall(
  store: Pick<Store, 'db' | 'clock' | 'lookUps'>,
  taskId: string,
  call: ModelCall,
  reservation: string | null = null,
): Promise<void> {
  const wasLate = await store.db.transaction().execute(async (tx) => {
    const line = await lockLine(tx, taskId);
    const task = line.at(-1);
    if (!task) return false;
    const { account_id, billed_key_id } = task;
    const now = store.clock.now();
    await tx
      .updateTable('tasks')
      .set((sum) => ({
        input_tokens: sum('input_tokens', '+', call.inputTokens),
        output_tokens: sum('output_tokens', '+', call.outputTokens),
        llm_nano_usd: sum('llm_nano_usd', '+', call.costNanoUsd),
      }))
      .where('id', '=', taskId)
      .execute();
    await tx
      .insertInto('model_calls')
      .values({
        id: randomUUID(),
        created_at: now,
        account_id,
        billed_key_id,
        task_id: taskId,
        asked_model: storableText(call.askedModel),
        answered_model: storableTextOrNull(call.answeredModel),
        input_tokens: call.inputTokens,
        output_tokens: call.outputTokens,
        cached_tokens: call.cachedTokens,
        reasoning_tokens: call.reasoningTokens,
        cost_nano_usd: call.costNanoUsd,
        cost_source: call.costSource,
        duration_ms: call.durationMs,
        outcome: call.outcome,
      })
      .execute();
    const used = { tokens: call.inputTokens + call.outputTokens, nanoUsd: call.costNanoUsd, calls: 1 };
    await addToLine(tx, line, used);
    await addSpend(tx, task.key_id, used, now);
    if (reservation !== null) await releaseReservation(tx, reservation);
    return isTerminal(task.status);
  });
  if (wasLate) store.lookUps.forgetEndedTasks();
}
