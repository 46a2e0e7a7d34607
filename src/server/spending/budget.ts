// Whether a model may be called, by what is left of the budgets and spend limits that bound the call. Pure.
//
// A call is within a bound when all that it may take fits into what is left. Of the calls that may go over the
// limit, or of which nobody knows what they may take, one at a time may be made, and only while the others leave
// something. So a bound is passed by at most what one call takes, however many are made at the same time.
import { toNano, usdOf } from '../../lib/money.ts';
import type { Budget, WantedBudget } from '../../protocol/budget.ts';
import type { Key } from '../../protocol/key.ts';
import { KEY_LIMITS, SPEND_LIMIT_NAMES, SPEND_LIMIT_SPANS, type SpendLimit } from '../../protocol/key-limits.ts';

type Unit = 'tokens' | 'nanoUsd' | 'calls';
export type Amounts = Record<Unit, number>;
/** What a call may take at the most; null: not known. */
export type Estimate = Record<Unit, number | null>;

/** A call that was let through and has not ended. */
export interface CallInFlight {
  /** Ids of the tasks and keys that it counts for. */
  holders: readonly string[];
  atMost: Estimate;
  /** Ids of the bounds whose limit it may go over. */
  overLimit: readonly string[];
}

type Span = 'day' | 'month';

export interface Bound {
  id: string;
  /** The task or key whose bound it is. */
  holder: string;
  unit: Unit;
  limit: number;
  used: number;
  /** What a limit of a key is counted in; null for a budget. */
  span: Span | null;
  /** Of a limit of a key: its name, and what it is without any raise. */
  name?: SpendLimit;
  base?: number;
  /** A sentence: "10 of 10 calls of this task are used". */
  says: string;
}

export type Verdict =
  | { kind: 'admit'; overLimit: string[] }
  /** The call has to wait until one of the calls in flight has ended. */
  | { kind: 'wait' }
  | { kind: 'refuse'; bound: Bound };

export function decide(bounds: readonly Bound[], atMost: Estimate, inFlight: readonly CallInFlight[]): Verdict {
  const exhausted = firstExhausted(bounds);
  if (exhausted) return { kind: 'refuse', bound: exhausted };
  const overLimit: string[] = [];
  for (const bound of bounds) {
    const { left, free } = leftOf(bound, inFlight);
    const most = atMost[bound.unit];
    if (most !== null && most <= left) continue;
    if (left <= 0 || !free) return { kind: 'wait' };
    overLimit.push(bound.id);
  }
  return { kind: 'admit', overLimit };
}

export function firstExhausted(bounds: readonly Bound[]): Bound | undefined {
  return bounds.find(({ used, limit }) => used >= limit);
}

/** What the calls within the bound leave of it, and whether a call that may go over it can be made now. */
function leftOf({ id, holder, unit, limit, used }: Bound, inFlight: readonly CallInFlight[]) {
  let left = limit - used;
  let free = true;
  for (const { holders, atMost, overLimit } of inFlight) {
    if (!holders.includes(holder)) continue;
    const most = atMost[unit];
    if (most === null || overLimit.includes(id)) free = false;
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
  const digits = usdOf(nanoUsd).toFixed(9);
  return digits.replace(/\.?0+$/, '');
}

/** What the tasks of a key have used in the present UTC day and month. */
export type Spent = Record<Span, Pick<Amounts, 'nanoUsd' | 'tokens'>>;

export function hasSpendLimit(key: Pick<Key, SpendLimit>): boolean {
  return SPEND_LIMIT_NAMES.some((name) => key[name] !== null);
}

/** With what people have raised them to for the present day or month. */
export function limitBounds(
  key: Pick<Key, 'id' | 'name' | 'raised' | SpendLimit>,
  spent: Spent,
  now: Date,
): Bound[] {
  return SPEND_LIMIT_NAMES.flatMap((name) => {
    const base = key[name];
    if (base === null) return [];
    const span = SPEND_LIMIT_SPANS[name];
    const unit = KEY_LIMITS[name].kind === 'usd' ? 'nanoUsd' : 'tokens';
    const amount = (of: number) => (unit === 'nanoUsd' ? toNano(of) : of);
    const raise = key.raised.find(({ limit, until }) => limit === name && Date.parse(until) > now.getTime());
    const limit = Math.max(amount(base), amount(raise?.to ?? 0));
    const bound = { holder: key.id, unit, limit, used: spent[span][unit], span } as const;
    return [{ ...boundOf(bound, `the key "${key.name}"`), name, base }];
  });
}
