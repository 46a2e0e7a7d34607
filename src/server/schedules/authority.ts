// What a schedule's key was when somebody said what the schedule does, so that a run never has less in silence.
// Called where schedules are made, and before each run. Pure.
import type { Actor } from '../../command/call.ts';
import type { Grants } from '../../protocol/grant.ts';
import type { Key } from '../../protocol/key.ts';
import { KEY_BOUND_NAMES, KEY_LIMITS, type KeyLimitName, type KeyLimits } from '../../protocol/key-limits.ts';
import { allows } from '../../protocol/scope.ts';
import { chainOf } from '../grants/bindings.ts';

/** As it is kept, as JSON, with the schedule. */
export interface Authority {
  /** Those that the schedule needs: of its task, or of its command. */
  scopes: string[];
  /** The key, then all whose limits bind it. */
  keys: KeptKey[];
}

type Bounds = Partial<KeyLimits>;
type KeptKey = Grants & { id: string; bounds: Bounds };

/** Where a key is used from, how often, and what it may decide on is nothing to what runs by the clock. */
const OF_REQUESTS: readonly KeyLimitName[] = ['allowedCidrs', 'approvesScopes', 'requestsPerMinute'];
const BOUNDS = KEY_BOUND_NAMES.filter((name) => !OF_REQUESTS.includes(name));

export function authorityOf(actor: Actor, scopes: readonly string[]): Authority {
  return { scopes: [...scopes], keys: chainOf(actor).map(keptKey) };
}

function keptKey({ id, limits, approval, loop, ...key }: Key): KeptKey {
  const bounds: Bounds = Object.fromEntries(BOUNDS.map((name) => [name, key[name]]));
  return { id, limits, approval, loop, bounds };
}

/** @returns in words, in what the actor may do less than was kept; null: in nothing */
export function narrowedIn(kept: Authority, actor: Actor): string | null {
  const lost = kept.scopes.filter((scope) => !allows(actor.key.scopes, scope));
  if (lost.length > 0) return `the key "${actor.key.name}" has lost ${lost.join(', ')}`;
  for (const key of chainOf(actor)) {
    const before = kept.keys.find(({ id }) => id === key.id);
    const what = before ? narrowerIn(before, key) : 'a key that bound it not before';
    if (what !== null) return `the key "${key.name}" was narrowed: ${what}`;
  }
  return null;
}

function narrowerIn(before: KeptKey, key: Key): string | null {
  const now = keptKey(key);
  for (const name of BOUNDS)
    if (isNarrower(before.bounds[name] ?? null, now.bounds[name] ?? null)) return KEY_LIMITS[name].label;
  const known = new Set(before.limits.map((limit) => JSON.stringify(limit)));
  if (now.limits.some((limit) => !known.has(JSON.stringify(limit)))) return 'its limits on calls';
  if (isOther(before.approval, now.approval)) return 'what a person is asked first';
  return isOther(before.loop, now.loop) ? 'what becomes of repeated writes' : null;
}

function isNarrower(before: number | string[] | null, now: number | string[] | null): boolean {
  if (now === null) return false;
  if (before === null) return true;
  if (typeof before === 'number' || typeof now === 'number') return now < before;
  return before.some((item) => !now.includes(item));
}

/** Which of two settings asks more is not told: another than before counts. */
const isOther = (before: object | string | null, now: object | string | null) =>
  now !== null && JSON.stringify(now) !== JSON.stringify(before);
