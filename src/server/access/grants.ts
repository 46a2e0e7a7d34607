// What a key may hand on: only scopes and limits that it has, for no longer than it works. Pure.
import type { Actor } from '../../command/call.ts';
import { isCidr } from '../../lib/cidr.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { KeyCreation } from '../../protocol/key.ts';
import type { SomeKeyLimits } from '../../protocol/key-limits.ts';
import { allows, expand, unknownScopes } from '../../protocol/scope.ts';
import { durationMs } from '../../protocol/time.ts';
import { refuseWiderLimits } from './lineage.ts';

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
  const unknown = wanted.allowedModels?.find((model) => !models.knows(model));
  if (unknown !== undefined) throw new SeedError('unknown_model', `allowedModels: there is no model "${unknown}"`);
  refuseWiderLimits(wanted, actor.lineage);
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
    throw new SeedError(
      'not_allowed',
      `a key cannot outlive what creates it, which ends ${latest.toISOString()}`,
      { hint: 'Ask for less, or create it with a key that lives longer.' },
    );
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
