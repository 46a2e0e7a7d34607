// What a key may hand on, told from its lineage: the key itself first, then the key that started its task, and so
// on. Whatever narrows one of them narrows all that comes from it. Called for new keys and new tasks. Pure.
import type { Actor } from '../../command/call.ts';
import { cidrWithin, isCidr } from '../../lib/cidr.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { KeyCreation, Lineage } from '../../protocol/key.ts';
import {
  eachKeyLimit,
  KEY_BOUND_NAMES,
  type KeyLimitName,
  type KeyLimits,
  type SomeKeyLimits,
} from '../../protocol/key-limits.ts';
import { allows, expand, Scope, unknownScopes } from '../../protocol/scope.ts';
import { durationMs } from '../../protocol/time.ts';

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
    for (const name of KEY_BOUND_NAMES) {
      const [mine, theirs] = [own[name], wanted[name]];
      if (mine === null || theirs === undefined || (theirs !== null && isWithin(name, mine, theirs))) continue;
      throw new SeedError('not_allowed', `${name}: a key cannot be given more than the key in use has`, {
        hint: `The key in use has ${[mine].flat().join(', ')}.`,
      });
    }
  }
}

/** Whether the second covers the first, where that is more than being the same. */
const HOLDS: { [Name in KeyLimitName]?: (item: string, range: string) => boolean } = {
  allowedCidrs: cidrWithin,
  approvesScopes: (scope, granted) => allows([granted], scope),
};

/** Whether a limit is as tight as another, or tighter. */
function isWithin(name: KeyLimitName, outer: number | string[], inner: number | string[]): boolean {
  if (typeof outer === 'number' || typeof inner === 'number') return inner <= outer;
  const holds = HOLDS[name] ?? ((item: string, range: string) => item === range);
  return inner.every((item) => outer.some((range) => holds(item, range)));
}

export interface KnownModels {
  knows(model: string): boolean;
}

/** A wildcard needs the same wildcard or a wider one: it also stands for scopes that are still to come. */
export function refuseForeignScopes(wanted: readonly string[], actor: Actor, known: readonly string[]): void {
  const foreign = wanted.filter((scope) => !allows(actor.key.scopes, scope));
  if (foreign.length === 0) return;
  throw new SeedError('missing_scope', `this key cannot grant ${foreign.join(', ')}: it lacks it itself`, {
    hint: `It can grant ${expand(actor.key.scopes, known).join(', ') || 'nothing'}.`,
  });
}

/** @throws SeedError unknown_scope */
export function refuseUnknownScopes(wanted: readonly string[], known: readonly string[]): void {
  const unknown = unknownScopes(wanted, known);
  if (unknown.length === 0) return;
  throw new SeedError('unknown_scope', `no command has the scope ${unknown.join(', ')}`, {
    hint: `There are: ${known.join(', ')}.`,
  });
}

/**
 * Refuses limits that mean nothing or are wider than the actor's own. What is undefined is not looked at.
 * @throws SeedError invalid_input, unknown_model or not_allowed
 */
export function refuseLimits(wanted: SomeKeyLimits, actor: Actor, models: KnownModels): void {
  const wrong = wanted.allowedCidrs?.find((cidr) => !isCidr(cidr));
  if (wrong !== undefined) {
    throw new SeedError('invalid_input', `allowedCidrs: "${wrong}" is no address or range`, {
      hint: 'Write 10.0.0.0/8, 2001:db8::/32, or one address alone.',
    });
  }
  const noScope = wanted.approvesScopes?.find((scope) => !Scope.safeParse(scope).success);
  if (noScope !== undefined)
    throw new SeedError('invalid_input', `approvesScopes: "${noScope}" is not written as a scope is`, {
      hint: 'Write resource:action, resource:* or *, such as keys:read.',
    });
  const unknown = wanted.allowedModels?.find((model) => !models.knows(model));
  if (unknown !== undefined) throw new SeedError('unknown_model', `allowedModels: there is no model "${unknown}"`);
  refuseWiderLimits(wanted, actor.lineage);
}

/** @throws SeedError unknown_model or model_not_allowed for a default that tasks could never be given */
export function refuseDefaults(
  wanted: readonly string[] | null | undefined,
  lineage: Lineage,
  models: KnownModels,
): void {
  for (const model of wanted ?? []) {
    if (!models.knows(model)) throw new SeedError('unknown_model', `models: there is no model "${model}"`);
    const allowed = allowedModels(lineage);
    if (allowed?.includes(model) ?? true) continue;
    throw new SeedError('model_not_allowed', `models: the key in use may not use the model "${model}"`, {
      hint: `It may use: ${allowed?.join(', ') || 'none'}.`,
    });
  }
}

/** What a task does ends with it, so it cannot let later tasks leave keys behind. */
export function refuseLastingKeys(wanted: boolean | undefined, actor: Actor): void {
  if (!wanted || actor.lineage.length === 1) return;
  throw new SeedError('not_allowed', 'a task cannot set tasksMayCreateLastingKeys');
}

const DAY_MS = 86_400_000;
export const DEFAULT_LIFETIME_MS = 90 * DAY_MS;

/** One of the two, or neither. `expiresIn` is a span or `never`. */
type WantedExpiry = Pick<KeyCreation, 'expiresAt' | 'expiresIn'>;

/**
 * @param latest what the key may not outlive; null: nothing
 * @param defaultMs how long it lives when nothing is asked for, unless `latest` is sooner; null: for ever
 * @returns null: never
 * @throws SeedError invalid_input, or not_allowed past `latest`
 */
export function keyExpiry(
  wanted: WantedExpiry,
  now: Date,
  latest: Date | null,
  defaultMs: number | null = DEFAULT_LIFETIME_MS,
): Date | null {
  const asked = askedExpiry(wanted, now);
  if (asked === undefined) {
    const byDefault = defaultMs === null ? null : new Date(now.getTime() + defaultMs);
    return earlier(byDefault, latest);
  }
  if (latest !== null && (asked === null || asked > latest)) {
    const message = `a key cannot outlive what creates it, which ends ${latest.toISOString()}`;
    const hint = 'Ask for less, or create it with a key that lives longer.';
    throw new SeedError('not_allowed', message, { hint });
  }
  return asked;
}

/** The earlier of two moments, of which null is the end of time. */
export function earlier(one: Date | null, other: Date | null): Date | null {
  if (one === null || other === null) return one ?? other;
  return one < other ? one : other;
}

function askedExpiry({ expiresAt, expiresIn }: WantedExpiry, now: Date): Date | null | undefined {
  if (expiresAt !== undefined && expiresIn !== undefined)
    throw new SeedError('invalid_input', 'expiresAt and expiresIn say the same thing: give one of them');
  if (expiresIn === 'never') return null;
  if (expiresIn !== undefined) {
    const ms = durationMs(expiresIn) ?? 0;
    if (ms === 0) throw new SeedError('invalid_input', 'expiresIn: the key would have expired already');
    return new Date(now.getTime() + ms);
  }
  if (expiresAt === undefined) return undefined;
  const moment = new Date(expiresAt);
  if (moment <= now) throw new SeedError('invalid_input', `expiresAt: ${expiresAt} is in the past`);
  return moment;
}
