// The calls of models: a row each, and added to what the task has used. Called by server.ts for the gateway.
import { randomUUID } from 'node:crypto';
import type { ModelCall } from '../core/model-call.ts';
import { storableText, storableTextOrNull } from './storable.ts';
import type { Store } from './store.ts';

/** The row and the task's sums change together, so that they always agree. Does nothing when the task is gone. */
export async function recordModelCall(store: Store, taskId: string, call: ModelCall): Promise<void> {
  await store.db.transaction().execute(async (tx) => {
    const task = await tx
      .updateTable('tasks')
      .set((sum) => ({
        input_tokens: sum('input_tokens', '+', call.inputTokens),
        output_tokens: sum('output_tokens', '+', call.outputTokens),
        llm_nano_usd: sum('llm_nano_usd', '+', call.costNanoUsd),
      }))
      .where('id', '=', taskId)
      .returning(['account_id', 'billed_key_id'])
      .executeTakeFirst();
    if (!task) return;
    await tx
      .insertInto('model_calls')
      .values({
        id: randomUUID(),
        created_at: store.clock.now(),
        ...task,
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
  });
}
