// Reports on the caller's account.
import type { Actor, ObsService, ReportRequest } from '../../commands/context.ts';
import { timeRange } from '../../core/time-range.ts';
import { sumCosts, sumErrors, sumRequests, sumUsage } from '../../store/obs/reports.ts';
import { summarise } from '../../store/obs/summary.ts';
import type { ServerParts } from '../parts.ts';

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
      return { ...told, ...(await summarise(store.db, wanted)) };
    },
    requests: async (by, asked) => {
      const { wanted, told } = about(asked);
      // What this server has not written yet is counted, too.
      await calls.writeWaiting();
      return { ...(await sumRequests(store.db, by, wanted)), nextCursor: null, ...told };
    },
    usage: async (by, asked) => {
      const { wanted, told } = about(asked);
      return { ...(await sumUsage(store.db, by, wanted)), nextCursor: null, ...told };
    },
    costs: async (by, asked) => {
      const { wanted, told } = about(asked);
      return { ...(await sumCosts(store.db, by, wanted)), nextCursor: null, ...told };
    },
    errors: async (by, asked) => {
      const { wanted, told } = about(asked);
      await calls.writeWaiting();
      return { ...(await sumErrors(store.db, by, wanted)), nextCursor: null, ...told };
    },
  };
}
