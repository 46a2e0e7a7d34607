// Reports on the caller's account.
import type { Actor } from '../../command/call.ts';
import type { ObsService, ReportRequest } from '../../command/context.ts';
import type { Store } from '../../db/store.ts';
import { daysOf } from '../../lib/utc-days.ts';
import { SeedError } from '../../protocol/errors.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { RequestsBy } from '../../protocol/obs.ts';
import type { ServerParts } from '../parts.ts';
import { requestsByDay } from './reports/daily.ts';
import { sumCosts, sumErrors, sumRequests, sumUsage } from './reports/reports.ts';
import type { Wanted } from './reports/rows.ts';
import { summarise } from './reports/summary.ts';
import { type TimeRange, timeRange } from './time-range.ts';

const DAY_MS = 86_400_000;

export function obsService(
  { store, calls, callRetentionDays }: ServerParts,
  { accountId }: Actor,
): ObsService {
  const about = <Asked extends ReportRequest>({ since, until, month, ...asked }: Asked) => {
    const now = store.clock.now();
    const range = timeRange({ since, until, month }, now);
    const kept = callRetentionDays === null ? null : new Date(now.getTime() - callRetentionDays * DAY_MS);
    const told = {
      from: range.from.toISOString(),
      to: range.to.toISOString(),
      missingBefore: kept !== null && range.from < kept ? kept.toISOString() : null,
    };
    return { wanted: { ...asked, accountId, range }, told };
  };
  return {
    summary: async (asked) => {
      const { wanted, told } = about(asked);
      await calls.writeWaiting();
      return { ...told, ...(await summarise(store.longRunning, wanted)) };
    },
    requests: async (by, daily, asked) => {
      const { wanted, told } = about(asked);
      const days = daily ? daysWithin(wanted.range) : null;
      // What this server has not written yet is counted, too.
      await calls.writeWaiting();
      const report = await sumRequests(store.longRunning, by, wanted);
      const items = days ? await withDays(store, by, wanted, report.items, days) : report.items;
      return { ...report, items, nextCursor: null, ...told };
    },
    usage: async (by, asked) => {
      const { wanted, told } = about(asked);
      return { ...(await sumUsage(store.longRunning, by, wanted)), nextCursor: null, ...told };
    },
    costs: async (by, asked) => {
      const { wanted, told } = about(asked);
      return { ...(await sumCosts(store.longRunning, by, wanted)), nextCursor: null, ...told };
    },
    errors: async (by, asked) => {
      const { wanted, told } = about(asked);
      await calls.writeWaiting();
      return { ...(await sumErrors(store.longRunning, by, wanted)), nextCursor: null, ...told };
    },
  };
}

/** @throws SeedError invalid_input */
function daysWithin(range: TimeRange): string[] {
  if (range.to.getTime() - range.from.getTime() <= LIMITS.reportDays * DAY_MS) return daysOf(range);
  throw new SeedError(
    'invalid_input',
    `daily: a range of at most ${LIMITS.reportDays} days is told day by day`,
    {
      hint: 'Give a shorter one, such as --since 30d, or leave out daily.',
    },
  );
}

async function withDays<Item extends { group: string }>(
  { longRunning }: Pick<Store, 'longRunning'>,
  by: RequestsBy,
  wanted: Wanted,
  items: readonly Item[],
  days: readonly string[],
): Promise<(Item & { daily: number[] })[]> {
  const groups = items.map(({ group }) => group);
  const counts = await requestsByDay(longRunning, by, wanted, { groups, days });
  return items.map((item) => ({ ...item, daily: counts.get(item.group) ?? [] }));
}
