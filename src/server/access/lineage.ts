// What a key may hand on, told from its lineage: the key itself first, then the key that started its task, and so on.
// Whatever narrows one of them narrows all that comes from it. Pure.

import { cidrWithin } from '../../lib/cidr.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { KeyLimits, Lineage, SomeKeyLimits } from '../../protocol/key.ts';

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

/** Limits that are numbers: the smaller, the tighter. */
const NUMBERS = [
  'requestsPerMinute',
  'concurrentTasks',
  'spendPerDay',
  'spendPerMonth',
  'tokensPerDay',
] as const satisfies (keyof KeyLimits)[];

/** The limits of a new key: as wanted, and where nothing is, as tight as the lineage's own. */
export function inheritLimits(wanted: SomeKeyLimits, lineage: Lineage): KeyLimits {
  const least = (name: (typeof NUMBERS)[number]) => {
    const values = lineage.flatMap((key) => key[name] ?? []);
    return values.length === 0 ? null : Math.min(...values);
  };
  const own: KeyLimits = {
    allowedCidrs: lineage.find((key) => key.allowedCidrs)?.allowedCidrs ?? null,
    requestsPerMinute: least('requestsPerMinute'),
    concurrentTasks: least('concurrentTasks'),
    allowedModels: allowedModels(lineage),
    spendPerDay: least('spendPerDay'),
    spendPerMonth: least('spendPerMonth'),
    tokensPerDay: least('tokensPerDay'),
  };
  const pick = <Name extends keyof KeyLimits>(name: Name): KeyLimits[Name] =>
    wanted[name] === undefined ? own[name] : (wanted[name] as KeyLimits[Name]);
  return {
    allowedCidrs: pick('allowedCidrs'),
    requestsPerMinute: pick('requestsPerMinute'),
    concurrentTasks: pick('concurrentTasks'),
    allowedModels: pick('allowedModels'),
    spendPerDay: pick('spendPerDay'),
    spendPerMonth: pick('spendPerMonth'),
    tokensPerDay: pick('tokensPerDay'),
  };
}

/**
 * Refuses limits that are wider than the lineage's own; what is undefined is not looked at.
 * @throws SeedError not_allowed
 */
export function refuseWiderLimits(wanted: SomeKeyLimits, lineage: Lineage): void {
  for (const own of lineage) {
    refuse('allowedCidrs', wanted, own, (mine, theirs) =>
      theirs.every((inner) => mine.some((outer) => cidrWithin(inner, outer))),
    );
    for (const name of NUMBERS) refuse(name, wanted, own, (mine, theirs) => theirs <= mine);
    refuse('allowedModels', wanted, own, (mine, theirs) => theirs.every((model) => mine.includes(model)));
  }
}

function refuse<Name extends keyof KeyLimits>(
  name: Name,
  wanted: SomeKeyLimits,
  own: KeyLimits,
  isWithin: (mine: NonNullable<KeyLimits[Name]>, theirs: NonNullable<KeyLimits[Name]>) => boolean,
): void {
  const mine = own[name];
  const theirs = wanted[name];
  if (mine === null || theirs === undefined) return;
  if (
    theirs !== null &&
    isWithin(mine as NonNullable<KeyLimits[Name]>, theirs as NonNullable<KeyLimits[Name]>)
  )
    return;
  throw new SeedError('not_allowed', `${name}: a key cannot be given more than the key in use has`, {
    hint: `The key in use has ${Array.isArray(mine) ? mine.join(', ') : mine}.`,
  });
}
