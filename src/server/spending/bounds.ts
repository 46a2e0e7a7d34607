// What bounds the calls of a task: the budgets of its line, and the spend limits of the keys that its key descends from.

import type { Db, TaskRow } from '../../db/tables.ts';
import type { Key } from '../../protocol/key.ts';
import { type Bound, budgetBounds, limitBounds } from './budget.ts';
import { spentWith } from './spend.ts';

/** @param line the topmost task first; the last one is the task whose agent is told */
export function boundsOfLine(line: readonly TaskRow[]): Bound[] {
  return line.flatMap(({ id, budget, used_tokens, used_nano_usd, used_calls }, index) => {
    const whose = index === line.length - 1 ? 'this task' : `the task ${id}, which stands above this one,`;
    const used = { tokens: used_tokens, nanoUsd: used_nano_usd, calls: used_calls };
    return budgetBounds(id, budget, used, whose);
  });
}

/** In the present UTC day and month. */
export async function boundsOfKeys(db: Db, keys: readonly Key[], now: Date): Promise<Bound[]> {
  const limited = keys.filter(hasSpendLimit);
  if (limited.length === 0) return [];
  const spent = await spentWith(
    db,
    limited.map(({ id }) => id),
    now,
  );
  return limited.flatMap((key) => limitBounds(key, spent(key.id)));
}

export function hasSpendLimit({ spendPerDay, spendPerMonth, tokensPerDay }: Key): boolean {
  return spendPerDay !== null || spendPerMonth !== null || tokensPerDay !== null;
}
