// Local times of IANA time zones and the moments that they are, as Node's own tz data tells. For due-times.ts.
// A local time is carried as a Date whose UTC fields say it.

export interface TimeZone {
  name: string;
  /** What clocks there show at the moment. */
  localAt(moment: Date): Date;
  /**
   * The moment at which clocks there show the local time: the first of two; one that clocks skip is moved on by as
   * much as they skip (`compatible` of Temporal and of RFC 5545).
   */
  momentOf(local: Date): { moment: Date; isSkipped: boolean };
  /** How far clocks there were put forward at the last change, if what they skipped is still being made up for. */
  skippedBefore(moment: Date): number;
}

/** Longer than any change of clocks, and further than any zone is from UTC. */
const WINDOW_MS = 26 * 3_600_000;
const MINUTE_MS = 60_000;

/** @returns null where the name is no zone of this Node's tz data, or an offset such as +02:00 */
export function timeZone(name: string): TimeZone | null {
  const format = formatFor(name);
  if (format === null) return null;
  const localAt = (moment: Date): Date => {
    const at: Record<string, number> = {};
    for (const { type, value } of format.formatToParts(moment)) at[type] = Number(value);
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = at;
    return new Date(Date.UTC(year, month - 1, day, hour, minute, second, moment.getUTCMilliseconds()));
  };
  const offsetAt = (ms: number) => localAt(new Date(ms)).getTime() - ms;
  return {
    name,
    localAt,
    momentOf(local) {
      const ms = local.getTime();
      const before = offsetAt(ms - WINDOW_MS);
      const after = offsetAt(ms + WINDOW_MS);
      // Of a time that comes twice the earlier is the one before the change.
      for (const offset of [before, after])
        if (offsetAt(ms - offset) === offset) return { moment: new Date(ms - offset), isSkipped: false };
      return { moment: new Date(ms - before), isSkipped: true };
    },
    skippedBefore(moment) {
      const ms = moment.getTime();
      const offset = offsetAt(ms);
      const skipped = offset - offsetAt(ms - WINDOW_MS);
      return skipped >= MINUTE_MS && offsetAt(ms - skipped) !== offset ? skipped : 0;
    },
  };
}

function formatFor(name: string): Intl.DateTimeFormat | null {
  if (!/^[A-Za-z]/.test(name)) return null;
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch {
    // That is how Intl says that it knows no such zone.
    return null;
  }
}
