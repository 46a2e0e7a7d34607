// Whether a model may be called, by what is left of the budgets and spend limits that bound the call. Pure.
//
// A call is covered by a bound when all that it may take fits into what is left. Of the calls that are not covered, or
// of which nobody knows what they may take, one at a time may be made, and only while the covered ones leave something.
// So a bound is passed by at most what one call takes, however many are made at the same time.

import { toNano, usdOf } from '../../lib/money.ts';
import type { Budget, WantedBudget } from '../../protocol/budget.ts';

type Unit = 'tokens' | 'nanoUsd' | 'calls';
export type Amounts = Record<Unit, number>;
/** What a call may take at the most; null: not known. */
export type Estimate = Record<Unit, number | null>;

/** A call that was let through and has not ended. */
export interface CallInFlight {
  /** Ids of the tasks and keys that it counts for. */
  holders: readonly string[];
  atMost: Estimate;
  /** Ids of the bounds that do not cover it. */
  uncovered: readonly string[];
}

export interface Bound {
  id: string;
  /** The task or key whose bound it is. */
  holder: string;
  unit: Unit;
  limit: number;
  used: number;
  /** Of a key's limits: of what it is. */
  span: 'day' | 'month' | null;
  /** A sentence: "10 of 10 calls of this task are used". */
  says: string;
}

export type Verdict =
  | { kind: 'admit'; uncovered: string[] }
  /** For one of the calls in flight to end. */
  | { kind: 'wait' }
  | { kind: 'refuse'; bound: Bound };

export function decide(
  bounds: readonly Bound[],
  atMost: Estimate,
  inFlight: readonly CallInFlight[],
): Verdict {
  const exhausted = firstExhausted(bounds);
  if (exhausted) return { kind: 'refuse', bound: exhausted };
  const uncovered: string[] = [];
  for (const bound of bounds) {
    const { left, free } = leftOf(bound, inFlight);
    const most = atMost[bound.unit];
    if (most !== null && most <= left) continue;
    if (left <= 0 || !free) return { kind: 'wait' };
    uncovered.push(bound.id);
  }
  return { kind: 'admit', uncovered };
}

export function firstExhausted(bounds: readonly Bound[]): Bound | undefined {
  return bounds.find(({ used, limit }) => used >= limit);
}

/** What covered calls leave, and whether the place of the one that is not covered is free. */
function leftOf({ id, holder, unit, limit, used }: Bound, inFlight: readonly CallInFlight[]) {
  let left = limit - used;
  let free = true;
  for (const { holders, atMost, uncovered } of inFlight) {
    if (!holders.includes(holder)) continue;
    const most = atMost[unit];
    if (most === null || uncovered.includes(id)) free = false;
    else left -= most;
  }
  return { left, free };
}

/** What is not asked for is not limited. */
export function toBudget(wanted: WantedBudget | undefined): Budget | null {
  if (wanted === undefined) return null;
  return { tokens: wanted.tokens ?? null, usd: wanted.usd ?? null, calls: wanted.calls ?? null };
}

/** @param whose the task as the agent that calls knows it */
export function budgetBounds(holder: string, budget: Budget | null, used: Amounts, whose: string): Bound[] {
  if (budget === null) return [];
  const bound = (unit: Unit, limit: number | null): Bound[] =>
    limit === null ? [] : [boundOf({ holder, unit, limit, used: used[unit], span: null }, whose)];
  const { calls, tokens, usd } = budget;
  return [...bound('calls', calls), ...bound('tokens', tokens), ...bound('nanoUsd', usd && toNano(usd))];
}

function boundOf(bound: Omit<Bound, 'id' | 'says'>, whose: string): Bound {
  const { holder, unit, limit, used, span } = bound;
  const amount = unit === 'nanoUsd' ? plainUsd : String;
  const what = `${unit === 'nanoUsd' ? 'US dollars' : unit}${span === null ? '' : ` a ${span}`}`;
  return {
    ...bound,
    id: `${holder} ${unit} ${span}`,
    says: `${amount(used)} of ${amount(limit)} ${what} of ${whose} are used`,
  };
}

function plainUsd(nanoUsd: number): string {
  return usdOf(nanoUsd)
    .toFixed(9)
    .replace(/\.?0+$/, '');
}

export interface SpendLimits {
  id: string;
  name: string;
  /** US dollars. */
  spendPerDay: number | null;
  spendPerMonth: number | null;
  tokensPerDay: number | null;
}

/** What the tasks of a key have used in the present UTC day and month. */
export interface Spent {
  nanoUsdToday: number;
  nanoUsdThisMonth: number;
  tokensToday: number;
}

export function limitBounds(key: SpendLimits, spent: Spent): Bound[] {
  const { id: holder, name, spendPerDay, spendPerMonth, tokensPerDay } = key;
  const bound = (unit: Unit, limit: number | null, used: number, span: 'day' | 'month'): Bound[] =>
    limit === null ? [] : [boundOf({ holder, unit, limit, used, span }, `the key "${name}"`)];
  return [
    ...bound('nanoUsd', spendPerDay && toNano(spendPerDay), spent.nanoUsdToday, 'day'),
    ...bound('nanoUsd', spendPerMonth && toNano(spendPerMonth), spent.nanoUsdThisMonth, 'month'),
    ...bound('tokens', tokensPerDay, spent.tokensToday, 'day'),
  ];
}
