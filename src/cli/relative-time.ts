// Times as a person reads them: `2 min ago`, `in 3 h`. Used by the table and the object view on a terminal.

const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;
const MINUTE_SECONDS = 60;
const HOUR_SECONDS = 60 * MINUTE_SECONDS;
const DAY_SECONDS = 24 * HOUR_SECONDS;

export function isIsoTime(text: string): boolean {
  return ISO_TIME.test(text) && !Number.isNaN(Date.parse(text));
}

/** Shortens an ISO-8601 time relative to `now`; past 30 days either way it becomes the date. */
export function relativeTime(isoTime: string, now: Date): string {
  const seconds = Math.round((now.getTime() - Date.parse(isoTime)) / 1000);
  const distance = Math.abs(seconds);
  if (distance < 5) return 'now';
  if (distance >= 30 * DAY_SECONDS) return isoTime.slice(0, 10);
  const amount = amountOf(distance);
  return seconds > 0 ? `${amount} ago` : `in ${amount}`;
}

function amountOf(seconds: number): string {
  if (seconds < MINUTE_SECONDS) return `${seconds} s`;
  if (seconds < HOUR_SECONDS) return `${Math.floor(seconds / MINUTE_SECONDS)} min`;
  if (seconds < 2 * DAY_SECONDS) return `${Math.floor(seconds / HOUR_SECONDS)} h`;
  return `${Math.floor(seconds / DAY_SECONDS)} d`;
}
