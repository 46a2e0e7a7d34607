// The limits of the account at the upstream, which all tasks of all servers share, and the requests that all
// servers on one database count against them. Called by the gateway.
import { sql } from 'kysely';
import type { Store } from '../../db/store.ts';
import type { Db } from '../../db/tables.ts';

export interface AccountLimits extends RateLimits {
  /** Calls in flight at a time, of one server; null: no limit. */
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
export function sharedAccount(
  upstream: { baseUrl: string; openRouter: boolean },
  settings: AccountLimitSettings,
): SharedAccount | null {
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

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** Null: no limit. */
export interface RateLimits {
  perMinute: number | null;
  perDay: number | null;
}

/** The limit that leaves no room, and the time until it does. */
export interface NoRoom {
  span: 'minute' | 'day';
  waitMs: number;
}

/**
 * Null: the request fits into the limits (any 60 seconds, a UTC day) and is counted. One statement decides, so
 * that servers cannot pass the limits together.
 */
export async function countRequest(
  { db, clock }: Pick<Store, 'db' | 'clock'>,
  account: string,
  limits: RateLimits,
): Promise<NoRoom | null> {
  const now = clock.now();
  return (await tryCount(db, account, limits, now)) ? null : await noRoom(db, account, limits, now);
}

async function tryCount(db: Db, account: string, limits: RateLimits, now: Date): Promise<boolean> {
  const { perMinute, perDay } = limits;
  const minuteAgo = new Date(now.getTime() - MINUTE_MS);
  const kept = sql`array(select at from unnest(known.recent) at where at > ${minuteAgo})`;
  const recent = perMinute === null ? sql`'{}'::timestamptz[]` : sql`${kept} || ${now}::timestamptz`;
  // Servers' clocks differ a little: whose day is already over counts into the new one.
  const sameDay = sql`known.day >= excluded.day`;
  const { rows } = await sql`
    insert into llm_accounts as known (account, recent, day, day_requests)
    values (${account}, array[${now}::timestamptz], ${dayOf(now)}::date, 1)
    on conflict (account) do update set
      recent = ${recent},
      day = greatest(known.day, excluded.day),
      day_requests = case when ${sameDay} then known.day_requests else 0 end + 1
    where ${perMinute === null ? sql`true` : sql`cardinality(${kept}) < ${perMinute}`}
      and ${perDay === null ? sql`true` : sql`not (${sameDay} and known.day_requests >= ${perDay})`}
    returning account`.execute(db);
  return rows.length > 0;
}

/** Told from the row as it is by now: a moment later there may be room, and whoever waits asks again. */
async function noRoom(db: Db, account: string, limits: RateLimits, now: Date): Promise<NoRoom> {
  const row = await db
    .selectFrom('llm_accounts')
    .select(['recent', 'day_requests', sql<string>`day::text`.as('day')])
    .where('account', '=', account)
    .executeTakeFirst();
  const { perMinute, perDay } = limits;
  if (row && perDay !== null && row.day >= dayOf(now) && row.day_requests >= perDay) {
    return { span: 'day', waitMs: Date.parse(row.day) + DAY_MS - now.getTime() };
  }
  const times = (row?.recent ?? []).map((at) => at.getTime()).sort((one, other) => one - other);
  const frees = perMinute === null ? undefined : times.at(-perMinute);
  return { span: 'minute', waitMs: Math.max(0, (frees ?? 0) + MINUTE_MS - now.getTime()) };
}

function dayOf(time: Date): string {
  return time.toISOString().slice(0, 10);
}
