// A budget or a spend limit that is not enough: what spending asks people for, and how it is raised when they say
// yes. Called by reservations.ts, and by what decides on approvals.
import { sql } from 'kysely';
import { storableJson } from '../../db/storable.ts';
import type { SpendRaises, TaskRow, Tx } from '../../db/tables.ts';
import { notify } from '../../db/telling.ts';
import { toNano, usdOf } from '../../lib/money.ts';
import { endOf } from '../../lib/utc-days.ts';
import type { KeyRaise, Raise, TaskRaise } from '../../protocol/budget.ts';
import type { Key } from '../../protocol/key.ts';
import { KEY_LIMITS } from '../../protocol/key-limits.ts';
import { limitColumn } from '../access/keys.ts';
import type { Bound } from './budget.ts';

export interface RaiseWanted {
  /** Its row is locked, as are those above it. */
  task: TaskRow;
  /** Those that its key is, and descends from. */
  lineage: readonly Key[];
  raise: Raise;
  /** Why, for the person who decides. */
  why: string;
}

/**
 * Asks people for a raise, once: the id of the approval that is waited for. Null: nobody is asked, for they have
 * said no already, or nothing in time, or the task may wait no longer.
 */
export type AskForRaise = (tx: Tx, asked: RaiseWanted, now: Date) => Promise<string | null>;

/**
 * What is asked for when the bound is used up: of a budget twice as much, of a key's limit the limit once more.
 * Null: it is as high as it can be.
 */
export function raiseOf({ holder, unit, limit, used, span, name, base = 0 }: Bound, now: Date): Raise | null {
  const amount = unit === 'nanoUsd' ? usdOf : (count: number) => count;
  const current = amount(limit);
  if (span === null || name === undefined || unit === 'calls')
    return {
      taskId: holder,
      unit: unit === 'nanoUsd' ? 'usd' : unit,
      current,
      requested: amount(limit * 2),
    };
  const once = unit === 'nanoUsd' ? toNano(base) : base;
  // Beyond what a call has passed it by already.
  const requested = Math.min(amount(Math.max(limit, used) + once), KEY_LIMITS[name].most);
  if (requested <= current) return null;
  const until = endOf(span, now).toISOString();
  const raised = { keyId: holder, limit: name, base, until } as const;
  return { ...raised, unit: unit === 'nanoUsd' ? 'usd' : 'tokens', current, requested };
}

/** Never lowers anything. The task's row is locked in this transaction, or the key's. @returns what holds now */
export function raise(tx: Tx, asked: Raise): Promise<number> {
  return 'keyId' in asked ? raiseLimit(tx, asked) : raiseBudget(tx, asked);
}

async function raiseBudget(tx: Tx, { taskId, unit, requested }: TaskRaise): Promise<number> {
  const { budget } = await tx
    .selectFrom('tasks')
    .select('budget')
    .where('id', '=', taskId)
    .executeTakeFirstOrThrow();
  const current = budget?.[unit] ?? null;
  if (budget === null || current === null || current >= requested) return current ?? requested;
  const raised = storableJson({ ...budget, [unit]: requested });
  await tx.updateTable('tasks').set({ budget: raised }).where('id', '=', taskId).execute();
  return requested;
}

/** Not where somebody has set the limit since it was asked: then that holds, and the task asks again. */
async function raiseLimit(tx: Tx, { keyId, limit, base, until, requested }: KeyRaise): Promise<number> {
  const isUsd = KEY_LIMITS[limit].kind === 'usd';
  const amount = (of: number) => (isUsd ? toNano(of) : of);
  const { rows } = await sql<{ base: number | null; spend_raises: SpendRaises }>`
    select ${sql.ref(limitColumn(limit))} as base, spend_raises from keys where id = ${keyId}`.execute(tx);
  const [key] = rows;
  const earlier = key?.spend_raises[limit];
  const raised = earlier?.until === until ? earlier.to : 0;
  const holds = Math.max(key?.base ?? 0, raised);
  if (key?.base !== amount(base) || holds >= amount(requested)) return isUsd ? usdOf(holds) : holds;
  const spend_raises = storableJson({ ...key.spend_raises, [limit]: { to: amount(requested), until } });
  await tx.updateTable('keys').set({ spend_raises }).where('id', '=', keyId).execute();
  await notify(tx, 'keys');
  return requested;
}
