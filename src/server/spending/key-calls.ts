// Calls of models that belong to no task, such as a test of a model: bounded by the spend limits of the key that
// makes them and of those above it, and counted for them. Called by server.ts for models/test-model.ts.
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { storableText, storableTextOrNull } from '../../db/storable.ts';
import type { Store } from '../../db/store.ts';
import type { Lineage } from '../../protocol/key.ts';
import { boundsOfKeys, refuseSpent, unpricedModel } from './bounds.ts';
import type { ModelCall } from './call-usage.ts';
import { addSpend } from './sums.ts';

/** Who makes such a call. No task key is among them: its calls are those of its task. */
export interface KeyCaller {
  accountId: string;
  lineage: Lineage;
}

/**
 * Asked before the call. Calls at the same time see the same sums: a limit is passed by at most what they take.
 * @throws SeedError spend_limit_reached or unpriced_model
 */
export async function admitKeyCall(
  { db, clock }: Pick<Store, 'db' | 'clock'>,
  { lineage }: KeyCaller,
  { model, priced }: { model: string; priced: boolean },
): Promise<void> {
  const now = clock.now();
  await db.transaction().execute(async (tx) => {
    await refuseSpent(tx, lineage, now);
    const money = priced
      ? undefined
      : (await boundsOfKeys(tx, lineage, now)).find(({ unit }) => unit === 'nanoUsd');
    if (money) throw unpricedModel(model, money);
  });
}

/** Its row, and what its keys have spent on this day: both or neither. */
export async function recordKeyCall(
  { db, clock }: Pick<Store, 'db' | 'clock'>,
  { accountId, lineage }: KeyCaller,
  call: ModelCall,
): Promise<void> {
  const keys = lineage.filter(({ taskId }) => taskId === null).map(({ id }) => id);
  const [payer] = keys;
  if (payer === undefined) return;
  const now = clock.now();
  const tokens = call.inputTokens + call.outputTokens;
  await db.transaction().execute(async (tx) => {
    await tx
      .insertInto('model_calls')
      .values({
        ...{ id: randomUUID(), created_at: now, account_id: accountId, billed_key_id: payer, task_id: null },
        asked_model: storableText(call.askedModel),
        answered_model: storableTextOrNull(call.answeredModel),
        ...{ input_tokens: call.inputTokens, output_tokens: call.outputTokens },
        ...{ cached_tokens: call.cachedTokens, reasoning_tokens: call.reasoningTokens },
        ...{ cost_nano_usd: call.costNanoUsd, cost_source: call.costSource, unpriced: call.unpriced },
        ...{ duration_ms: call.durationMs, outcome: call.outcome },
      })
      .execute();
    const spent = { nanoUsd: call.costNanoUsd, tokens };
    await addSpend(tx, sql`select id from unnest(${keys}::uuid[]) as id`, spent, now);
  });
}
