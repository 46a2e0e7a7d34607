// The span of time that a report is about, as people ask for it.

import { SeedError } from '../../protocol/errors.ts';
import { pastTime } from '../../protocol/time.ts';

export interface TimeRange {
  from: Date;
  /** Not included. */
  to: Date;
}

export interface AskedRange {
  /** ISO-8601, or a span before now. */
  since?: string | undefined;
  until?: string | undefined;
  /** `2026-11`, in UTC. */
  month?: string | undefined;
}

const DEFAULT_DAYS = 30;
const DAY_MS = 86_400_000;

/** Without anything asked for the last thirty days. @throws SeedError invalid_input */
export function timeRange({ since, until, month }: AskedRange, now: Date): TimeRange {
  if (month !== undefined) {
    if (since !== undefined || until !== undefined) {
      throw new SeedError(
        'invalid_input',
        'a month has its own beginning and end: leave out since and until',
      );
    }
    const from = new Date(`${month}-01T00:00:00.000Z`);
    return { from, to: new Date(Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + 1, 1)) };
  }
  const to = until === undefined ? now : pastTime(until, now);
  const from = since === undefined ? new Date(to.getTime() - DEFAULT_DAYS * DAY_MS) : pastTime(since, now);
  if (from >= to) throw new SeedError('invalid_input', 'since is not before until');
  return { from, to };
}
