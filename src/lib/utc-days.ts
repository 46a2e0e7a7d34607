// Days and months in UTC, by which spending is limited.

/** `2026-11-24`. */
export function dayOf(time: Date): string {
  return time.toISOString().slice(0, 10);
}

const DAY_MS = 86_400_000;

/** The days that a span touches, in order; `to` is not in it. */
export function daysOf({ from, to }: { from: Date; to: Date }): string[] {
  const first = Math.floor(from.getTime() / DAY_MS);
  const last = Math.floor((to.getTime() - 1) / DAY_MS);
  return Array.from({ length: last - first + 1 }, (_, day) => dayOf(new Date((first + day) * DAY_MS)));
}

/** The first day of the time's month. */
export function monthOf(time: Date): string {
  return `${time.toISOString().slice(0, 7)}-01`;
}

/** When the next day or month begins. */
export function endOf(span: 'day' | 'month', now: Date): Date {
  const [year, month, day] = [now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()];
  return new Date(span === 'day' ? Date.UTC(year, month, day + 1) : Date.UTC(year, month + 1, 1));
}

/** Seconds until the next day or month begins, at least one. */
export function secondsUntilNext(span: 'day' | 'month', now: Date): number {
  return Math.ceil((endOf(span, now).getTime() - now.getTime()) / 1000);
}
