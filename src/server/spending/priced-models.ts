// Whether it is known what a task's models cost, where something limits what it may spend. Asked in the transaction that
// accepts the task; a limit that is set later is looked at before each call (server/spending).

import type { Tx } from '../../db/tables.ts';
import type { Budget } from '../../protocol/budget.ts';
import type { Lineage } from '../../protocol/key.ts';
import { lockLine } from './ancestors.ts';
import { boundsOfKeys, boundsOfLine } from './bounds.ts';
import { budgetBounds } from './budget.ts';
import { unpricedModel } from './unpriced-model.ts';

interface NewSpender {
  model: string;
  fallbackModels: readonly string[];
  budget: Budget | null;
  parentTaskId: string | null;
}

const NOTHING_USED = { tokens: 0, nanoUsd: 0, calls: 0 };

/** @throws SeedError unpriced_model: its own budget, one above it or a limit of its keys is in US dollars */
export async function refuseUnpriced(
  tx: Tx,
  { model, fallbackModels, budget, parentTaskId }: NewSpender,
  lineage: Lineage,
  { hasPrice, now }: { hasPrice: (model: string) => boolean; now: Date },
): Promise<void> {
  const unpriced = [model, ...fallbackModels].find((name) => !hasPrice(name));
  if (unpriced === undefined) return;
  const bounds = [
    ...budgetBounds('', budget, NOTHING_USED, 'this task'),
    ...(parentTaskId === null ? [] : boundsOfLine(await lockLine(tx, parentTaskId))),
    ...(await boundsOfKeys(tx, lineage, now)),
  ];
  const money = bounds.find(({ unit }) => unit === 'nanoUsd');
  if (money) throw unpricedModel(unpriced, money);
}
