// When a key stops working: what was asked for, the default, and the bound that its creator sets. Pure.

import { SeedError } from '../../protocol/errors.ts';
import { durationMs } from '../../protocol/time.ts';

const DAY_MS = 86_400_000;
export const DEFAULT_LIFETIME_MS = 90 * DAY_MS;

/** One of the two, or neither. */
export interface WantedExpiry {
  expiresAt?: string | undefined;
  /** A span or `never`. */
  expiresIn?: string | undefined;
}

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
