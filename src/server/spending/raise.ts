// A budget that is not enough: what spending asks people for, and how a budget is raised when they say yes. Called
// by reservations.ts, and by what decides on approvals.
import { storableJson } from '../../db/storable.ts';
import type { TaskRow, Tx } from '../../db/tables.ts';
import { usdOf } from '../../lib/money.ts';
import type { Budget } from '../../protocol/budget.ts';
import type { Key } from '../../protocol/key.ts';
import type { Bound } from './budget.ts';

export interface Raise {
  /** The task whose budget it is: the one that asks, or one above it. */
  taskId: string;
  unit: keyof Budget;
  /** What it is to be at least. */
  to: number;
}

export interface BudgetAsked {
  /** Its row is locked, as are those above it. */
  task: TaskRow;
  /** Those that its key is, and descends from. */
  lineage: readonly Key[];
  /** What the budget is now. */
  current: number;
  raise: Raise;
  /** Why, for the person who decides. */
  why: string;
}

/**
 * Asks people for a raise, once: the id of the approval that is waited for. Null: nobody is asked, for they have
 * said no already, or nothing in time, or the task may wait no longer.
 */
export type AskForRaise = (tx: Tx, asked: BudgetAsked, now: Date) => Promise<string | null>;

/** What is asked for when the bound is used up: as much again. Null for what is no task's budget. */
export function raiseOf({ holder, unit, limit, span }: Bound): Pick<BudgetAsked, 'current' | 'raise'> | null {
  if (span !== null) return null;
  const amount = unit === 'nanoUsd' ? usdOf : (count: number) => count;
  const name = unit === 'nanoUsd' ? 'usd' : unit;
  return { current: amount(limit), raise: { taskId: holder, unit: name, to: amount(limit * 2) } };
}

/** Never lowers it. The task's row is locked in this transaction. */
export async function raiseBudget(tx: Tx, { taskId, unit, to }: Raise): Promise<void> {
  const { budget } = await tx
    .selectFrom('tasks')
    .select('budget')
    .where('id', '=', taskId)
    .executeTakeFirstOrThrow();
  const current = budget?.[unit] ?? null;
  if (budget === null || current === null || current >= to) return;
  const raised = storableJson({ ...budget, [unit]: to });
  await tx.updateTable('tasks').set({ budget: raised }).where('id', '=', taskId).execute();
}
