// The limits of the account at the upstream, which all tasks of all servers share, and the calls that they count.
import type { RateLimits } from './accounts.ts';
import type { Upstream } from './upstream.ts';

export interface AccountLimits extends RateLimits {
  /** Calls under way at a time, of one server; null: no limit. */
  concurrent: number | null;
}

/** As the operator set them; what is undefined is as the upstream is known to have it. */
export type AccountLimitSettings = { [Name in keyof AccountLimits]?: AccountLimits[Name] | undefined };

const NONE: AccountLimits = { perMinute: null, perDay: null, concurrent: null };
/** OpenRouter's for all `:free` models together, without credits. */
const OPENROUTER_FREE: AccountLimits = { perMinute: 20, perDay: 50, concurrent: null };

export interface SharedAccount {
  /** Names it among servers on one database. */
  name: string;
  limits: AccountLimits;
  counts(model: string): boolean;
}

/** Null when nothing is limited. */
export function sharedAccount(upstream: Upstream, settings: AccountLimitSettings): SharedAccount | null {
  const preset = upstream.openRouter ? OPENROUTER_FREE : NONE;
  const { perMinute = preset.perMinute, perDay = preset.perDay, concurrent = preset.concurrent } = settings;
  if (perMinute === null && perDay === null && concurrent === null) return null;
  return {
    name: upstream.openRouter ? `${upstream.baseUrl} :free` : upstream.baseUrl,
    limits: { perMinute, perDay, concurrent },
    // OpenRouter has no limits of its own on models that are paid for.
    counts: (model) => !upstream.openRouter || model.endsWith(':free'),
  };
}
