// What a key may hand on, told from its lineage: the key itself first, then the key that started its task, and so
// on. Whatever narrows one of them narrows all that comes from it. Pure.
import { cidrWithin } from '../../lib/cidr.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { Lineage } from '../../protocol/key.ts';
import {
  eachKeyLimit,
  KEY_LIMIT_NAMES,
  type KeyLimitName,
  type KeyLimits,
  type SomeKeyLimits,
} from '../../protocol/key-limits.ts';

/** The task that the key speaks for; null when no task stands behind it. */
export function taskOf(lineage: Lineage): string | null {
  return lineage.find((key) => key.taskId !== null)?.taskId ?? null;
}

/** The task key without which what the key creates is worth nothing; null when that stands on its own. */
export function boundTo(lineage: Lineage): string | null {
  const taskKey = lineage.find((key) => key.taskId !== null);
  if (!taskKey) return null;
  const lasting = lineage.every((key) => key.taskId !== null || key.tasksMayCreateLastingKeys);
  return lasting ? null : taskKey.id;
}

/** The moment that nothing the key creates may outlive; null: none. */
export function latestExpiry(lineage: Lineage): Date | null {
  const bound = boundTo(lineage) !== null;
  const times = lineage
    .filter((key) => bound || key.taskId === null)
    .flatMap((key) => (key.expiresAt === null ? [] : [Date.parse(key.expiresAt)]));
  return times.length === 0 ? null : new Date(Math.min(...times));
}

/** The models that all of the lineage allow, in the first one's order; null: any. */
export function allowedModels(lineage: Lineage): string[] | null {
  const lists = lineage.flatMap((key) => (key.allowedModels === null ? [] : [key.allowedModels]));
  const [first, ...rest] = lists;
  return first ? first.filter((model) => rest.every((list) => list.includes(model))) : null;
}

/** The limits of a new key: as wanted, and where nothing is, as tight as the lineage's own. */
export function inheritLimits(wanted: SomeKeyLimits, lineage: Lineage): KeyLimits {
  const own = (name: KeyLimitName, kind: string) => {
    if (name === 'allowedModels') return allowedModels(lineage);
    const values = lineage.map((key) => key[name]).filter((value) => value !== null);
    if (kind === 'list' || values.length === 0) return values[0] ?? null;
    return Math.min(...(values as number[]));
  };
  return eachKeyLimit((name, { kind }) =>
    wanted[name] === undefined ? own(name, kind) : wanted[name],
  ) as KeyLimits;
}

/** Refuses limits wider than the lineage's; what is undefined is not looked at. @throws SeedError not_allowed */
export function refuseWiderLimits(wanted: SomeKeyLimits, lineage: Lineage): void {
  for (const own of lineage) {
    for (const name of KEY_LIMIT_NAMES) {
      const [mine, theirs] = [own[name], wanted[name]];
      if (mine === null || theirs === undefined || (theirs !== null && isWithin(name, mine, theirs))) continue;
      throw new SeedError('not_allowed', `${name}: a key cannot be given more than the key in use has`, {
        hint: `The key in use has ${[mine].flat().join(', ')}.`,
      });
    }
  }
}

/** Whether a limit is as tight as another, or tighter. */
function isWithin(name: KeyLimitName, outer: number | string[], inner: number | string[]): boolean {
  if (typeof outer === 'number' || typeof inner === 'number') return inner <= outer;
  const holds = name === 'allowedCidrs' ? cidrWithin : (item: string, range: string) => item === range;
  return inner.every((item) => outer.some((range) => holds(item, range)));
}
