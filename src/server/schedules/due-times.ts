// When a schedule is due: each local time that its pattern names once, whatever the clocks of its zone do. Pure.
import { hash } from 'node:crypto';
import { SeedError } from '../../protocol/errors.ts';
import { readCron } from './cron.ts';
import { type TimeZone, timeZone } from './time-zone.ts';

export interface DueTimes {
  /** The first due time behind the moment; null: none comes any more. */
  after(moment: Date): Date | null;
}

/** What says when a schedule is due: one of the two is there. */
export interface Timing {
  cron: string | null;
  runAt: Date | null;
  timezone: string;
}

/** @throws SeedError invalid_input for a pattern or zone that is none */
export function dueTimes({ cron, runAt, timezone }: Timing): DueTimes {
  const zone = timeZone(timezone);
  if (zone === null) throw unknownZone(timezone);
  if (runAt !== null) return { after: (moment) => (moment < runAt ? runAt : null) };
  return cronTimes(cron ?? '', zone);
}

function unknownZone(name: string): SeedError {
  return new SeedError('invalid_input', `timezone: there is no time zone "${name}"`, {
    hint: `Names are those of the IANA time zone database (${process.versions.tz} here), such as Europe/Berlin or UTC.`,
  });
}

function cronTimes(pattern: string, zone: TimeZone): DueTimes {
  const times = readCron(pattern);
  return {
    after(moment) {
      // What clocks have skipped comes as much later as they skipped: it may still be ahead of the moment.
      let local = new Date(zone.localAt(moment).getTime() - zone.skippedBefore(moment));
      let first: Date | null = null;
      for (;;) {
        const next = times.after(local);
        if (next === null) return first;
        local = next;
        const { moment: due, isSkipped } = zone.momentOf(local);
        // The second time that clocks show a local time: it was due the first time.
        if (due <= moment) continue;
        if (first === null || due < first) first = due;
        // Of skipped times the last may fall behind the first one that is not.
        if (!isSkipped) return first;
      }
    },
  };
}

const MINUTE_MS = 60_000;

/** The last due time at or before the moment and behind `since`; null: there is none. */
export function lastDue(times: DueTimes, since: Date, moment: Date): Date | null {
  const isBehind = (ms: number) => {
    const next = times.after(new Date(ms));
    return next !== null && next <= moment;
  };
  if (!isBehind(since.getTime())) return null;
  // Due times are whole minutes: one lies behind `from`, none behind `to`.
  let from = since.getTime();
  let to = moment.getTime();
  for (let span = MINUTE_MS; to - span > from; span *= 2) {
    if (!isBehind(to - span)) continue;
    from = to - span;
    to = span === MINUTE_MS ? to : to - span / 2;
    break;
  }
  while (to - from > MINUTE_MS / 2) {
    const middle = (from + to) / 2;
    if (isBehind(middle)) from = middle;
    else to = middle;
  }
  return times.after(new Date(from));
}

/** Up to so many due times behind the moment. */
export function upcoming(times: DueTimes, moment: Date, most: number): Date[] {
  const found: Date[] = [];
  for (let next = times.after(moment); next !== null && found.length < most; next = times.after(next))
    found.push(next);
  return found;
}

/** How long after its due time a run starts: the same for the same schedule and time, spread over `jitterMs`. */
export function jitterOf(scheduleId: string, scheduledFor: Date, jitterMs: number): number {
  if (jitterMs === 0) return 0;
  const digest = hash('sha256', `${scheduleId} ${scheduledFor.toISOString()}`, 'buffer');
  return Math.floor((digest.readUInt32BE(0) / 2 ** 32) * jitterMs);
}
