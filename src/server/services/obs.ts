// Reports on the caller's account.
import type { Actor, ObsService } from '../../commands/context.ts';
import { type AskedRange, timeRange } from '../../core/time-range.ts';
import { sumCosts, sumRequests } from '../../store/obs.ts';
import type { ServerParts } from '../parts.ts';

export function obsService({ store, calls }: ServerParts, actor: Actor): ObsService {
  const about = (asked: AskedRange) => {
    const range = timeRange(asked, store.clock.now());
    const told = { nextCursor: null, from: range.from.toISOString(), to: range.to.toISOString() };
    return { range, told };
  };
  return {
    costs: async (by, asked) => {
      const { range, told } = about(asked);
      return { ...told, ...(await sumCosts(store.db, actor.accountId, by, range)) };
    },
    requests: async (by, asked) => {
      const { range, told } = about(asked);
      // What this server has not written yet is counted, too.
      await calls.writeWaiting();
      return { ...told, ...(await sumRequests(store.db, actor.accountId, by, range)) };
    },
  };
}
