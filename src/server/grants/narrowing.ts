// Whether limits and settings are as tight as others, or tighter: what a limited key may change. Pure.
import { compareDecimals } from '../../lib/decimal.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { Grants, Limit, LoopSetting, SomeGrants } from '../../protocol/grant.ts';
import type { Key } from '../../protocol/key.ts';
import { isBound } from './bindings.ts';
import { amountOf } from './compile-limit.ts';
import { isSame } from './values.ts';

/** A key that is changed, and how far it is bound by who changes it. */
export interface Changed {
  /** As it stands. */
  key: Key;
  /** It and all whose limits bind it. */
  chain: readonly Key[];
}

/**
 * Refuses what would make a key wider than the limited one that changes it. A key that this one's limits bind may
 * be changed as it likes; every other one, itself among them, can only be made tighter.
 * @param by the key in use and all whose limits bind it
 * @throws SeedError not_allowed
 */
export function refuseWiderGrants(
  changes: SomeGrants & { enabled?: boolean | undefined },
  { key, chain }: Changed,
  by: readonly [Key, ...Key[]],
): void {
  if (!by.some(isBound) || chain.slice(1).some(({ id }) => id === by[0].id)) return;
  const wider = widerPart(key, changes);
  if (wider === null && !(changes.enabled && key.status === 'disabled')) return;
  const what = wider ?? 'enabled';
  throw new SeedError('not_allowed', `${what}: a limited key can only make the key "${key.name}" tighter`, {
    hint: 'Have it changed with a key that has no limits, or keep what there is and add to it.',
  });
}

/** @returns what of the changes is wider than what there is; null: nothing */
function widerPart(now: Grants, changes: SomeGrants): keyof Grants | null {
  const then: Grants = {
    limits: changes.limits ?? now.limits,
    approval: changes.approval === undefined ? now.approval : changes.approval,
    loop: changes.loop === undefined ? now.loop : changes.loop,
  };
  if (!now.limits.every((limit) => then.limits.some((other) => isTighter(limit, other)))) return 'limits';
  if (isWiderApproval(now, then)) return 'approval';
  return strictness(then) < strictness(now) ? 'loop' : null;
}

function isTighter(limit: Limit, then: Limit): boolean {
  const { calls, sum = {}, else: otherwise, ...rest } = limit;
  const { calls: thenCalls, sum: thenSum = {}, else: thenOtherwise, ...thenRest } = then;
  const fitsCalls = calls === undefined || (thenCalls !== undefined && thenCalls <= calls);
  const fitsSums = Object.entries(sum).every(([pointer, most]) => {
    const thenMost = thenSum[pointer];
    return thenMost !== undefined && compareDecimals(amountOf(thenMost), amountOf(most)) <= 0;
  });
  const fitsElse = otherwise === 'ask' || thenOtherwise === 'deny';
  return fitsCalls && fitsSums && fitsElse && isSame(rest, thenRest);
}

function isWiderApproval({ approval: now }: Grants, { approval: then }: Grants): boolean {
  if (now === null) return then?.selfApprove === true;
  if (then === null || (then.selfApprove && !now.selfApprove)) return true;
  return (now.effects ?? []).some((effect) => !then.effects?.includes(effect));
}

const STRICTNESS: Record<LoopSetting, number> = { warn: 0, ask: 1, deny: 2 };

function strictness({ loop, approval }: Pick<Grants, 'loop' | 'approval'>): number {
  return STRICTNESS[loop ?? (approval === null ? 'warn' : 'ask')];
}

/**
 * A secret of a key is worth all that the key may do, which is to be no more than the limited key that gets it.
 * @throws SeedError not_allowed
 */
export function refuseUnlimitedSecret({ key, chain }: Changed, by: readonly [Key, ...Key[]]): void {
  if (!by.some(isBound) || chain.some(({ id }) => id === by[0].id)) return;
  throw new SeedError('not_allowed', `the limits of the key in use do not bind the key "${key.name}"`, {
    hint: 'A limited key can rotate itself and the keys that it made. Rotate this one with a key without limits.',
  });
}
