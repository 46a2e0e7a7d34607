// Runs a report on the caller's account over the span of time that was asked for. Called by the commands `obs …`.
import type { Call } from '../../command/call.ts';
import type { Db } from '../../db/tables.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { ReportFilter } from '../../protocol/obs.ts';
import { pastTime } from '../../protocol/time.ts';
import type { TimeRange, Wanted } from './reports/rows.ts';

export interface ReportNeeds {
  calls: {
    /** Writes the calls that this server has counted and not written yet. */
    writeWaiting(): Promise<void>;
  };
  /** Days after which calls, model calls and compute rows may be deleted; null: never. */
  callRetentionDays: number | null;
}

const DEFAULT_DAYS = 30;
const DAY_MS = 86_400_000;

/** @returns the report, with the span that it is about and from when on rows may be missing in it */
export async function reportOn<Asked extends ReportFilter, Report>(
  { store, actor }: Call,
  { since, until, month, ...asked }: Asked,
  { calls, callRetentionDays }: ReportNeeds,
  report: (db: Db, wanted: Omit<Asked, 'since' | 'until' | 'month'> & Wanted) => Promise<Report>,
): Promise<Report & { from: string; to: string; missingBefore: string | null }> {
  const now = store.clock.now();
  const range = timeRange({ since, until, month }, now);
  const kept = callRetentionDays === null ? null : new Date(now.getTime() - callRetentionDays * DAY_MS);
  await calls.writeWaiting();
  return {
    ...(await report(store.longRunning, { ...asked, accountId: actor.accountId, range })),
    from: range.from.toISOString(),
    to: range.to.toISOString(),
    missingBefore: kept !== null && range.from < kept ? kept.toISOString() : null,
  };
}

/** Without anything asked for the last thirty days. @throws SeedError invalid_input */
export function timeRange({ since, until, month }: Omit<ReportFilter, 'keyId'>, now: Date): TimeRange {
  if (month !== undefined) {
    if (since !== undefined || until !== undefined) {
      throw new SeedError('invalid_input', 'a month has its own beginning and end: leave out since and until');
    }
    const from = new Date(`${month}-01T00:00:00.000Z`);
    return { from, to: new Date(Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + 1, 1)) };
  }
  const to = until === undefined ? now : pastTime(until, now);
  const from = since === undefined ? new Date(to.getTime() - DEFAULT_DAYS * DAY_MS) : pastTime(since, now);
  if (from >= to) throw new SeedError('invalid_input', 'since is not before until');
  return { from, to };
}
