// Counts, money, sizes, durations and moments as people read them.

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

/** 1234567 → `1,234,567` */
export function count(number: number): string {
  return whole.format(number);
}

/** Tokens and the like, where there is little room: 1234567 → `1.2M` */
export function shortCount(number: number): string {
  return number < 10_000 ? count(number) : short.format(number);
}

/** US dollars with two decimals, more for amounts that would otherwise read as nothing: 0.00042 → `$0.00042` */
export function money(usd: number): string {
  const small = usd !== 0 && Math.abs(usd) < 0.1;
  return usd.toLocaleString('en', {
    style: 'currency',
    currency: 'USD',
    ...(small ? { minimumSignificantDigits: 1, maximumSignificantDigits: 2 } : { maximumFractionDigits: 2 }),
  });
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** Powers of a thousand: 1536 → `1.5 kB` */
export function bytes(number: number): string {
  const power = Math.min(number < 1 ? 0 : Math.floor(Math.log10(number) / 3), UNITS.length - 1);
  const amount = number / 1000 ** power;
  return `${amount.toLocaleString('en', { maximumFractionDigits: amount < 10 && power > 0 ? 1 : 0 })} ${UNITS[power]}`;
}

export interface NumberBounds {
  min: number;
  max: number;
  isWhole: boolean;
  /** What people write is multiplied with this; 1,000 where they write seconds and the bounds are milliseconds. */
  factor?: number;
  /** What people write it in. */
  unit?: string;
}

/** @returns what is wrong with a number that somebody wrote; null: nothing */
export function numberProblem(number: number, bounds: NumberBounds): string | null {
  const { min, max, isWhole, factor = 1, unit } = bounds;
  if (!Number.isFinite(number)) return 'Write a number.';
  if (isWhole && !Number.isInteger(number)) return 'Write a whole number.';
  if (number >= min && number <= max) return null;
  const shown = (bound: number) => (bound < 1 ? String(bound) : count(bound / factor));
  return `It is ${shown(min)} to ${shown(max)}${unit ? ` ${unit}` : ''}.`;
}

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** 320 → `320 ms`, 1500 → `1.5 s`, 65000 → `1 min 5 s` */
export function duration(ms: number): string {
  if (ms < SECOND_MS) return `${Math.round(ms)} ms`;
  if (ms < 10 * SECOND_MS) return `${(Math.floor(ms / 100) / 10).toFixed(1)} s`;
  if (ms < MINUTE_MS) return `${Math.floor(ms / SECOND_MS)} s`;
  if (ms < HOUR_MS) return pair(ms, MINUTE_MS, 'min', SECOND_MS, 's');
  if (ms < DAY_MS) return pair(ms, HOUR_MS, 'h', MINUTE_MS, 'min');
  return pair(ms, DAY_MS, 'd', HOUR_MS, 'h');
}

/** Relative to `now`: `now`, `2 min ago`, `in 3 h`; past 30 days either way the date. */
export function relativeTime(isoTime: string, now: number): string {
  const passed = now - Date.parse(isoTime);
  const distance = Math.abs(passed);
  if (distance < 5 * SECOND_MS) return 'now';
  if (distance >= 30 * DAY_MS) return isoTime.slice(0, 10);
  const amount = largest(distance);
  return passed > 0 ? `${amount} ago` : `in ${amount}`;
}

/** The moment in full, in the reader's own time zone. */
export function fullTime(isoTime: string): string {
  return new Date(isoTime).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'long' });
}

function largest(ms: number): string {
  if (ms < MINUTE_MS) return `${Math.floor(ms / SECOND_MS)} s`;
  if (ms < HOUR_MS) return `${Math.floor(ms / MINUTE_MS)} min`;
  if (ms < 2 * DAY_MS) return `${Math.floor(ms / HOUR_MS)} h`;
  return `${Math.floor(ms / DAY_MS)} d`;
}

function pair(ms: number, largeMs: number, large: string, smallMs: number, small: string): string {
  const rest = Math.floor((ms % largeMs) / smallMs);
  const first = `${Math.floor(ms / largeMs)} ${large}`;
  return rest === 0 ? first : `${first} ${rest} ${small}`;
}
