// One value of an answer as text on one line: numbers, times, lists, names of properties. Used by the views.
import { decimalText } from '../lib/csv.ts';
import { isRecord } from '../lib/json.ts';
import { sanitiseLine } from './terminal.ts';

const NOTHING = '-';
/** Of a time that never was, which a reader would take for one that is not known. */
const NEVER = 'never';
const TIME_NAME = /(?:[a-z]|_)(?:At|Since|Until|_at|_since|_until)$|^(?:at|since|until)$/;

/** @param now times are shortened relative to it, and numbers made readable; null leaves both as they are */
export function cellText(value: unknown, now: Date | null): string {
  if (value === null || value === undefined || value === '') return NOTHING;
  if (typeof value === 'string') return now && isIsoTime(value) ? relativeTime(value, now) : sanitiseLine(value);
  if (typeof value === 'number') return now ? (readableNumbers([value])[0] ?? '') : decimalText(value);
  if (typeof value !== 'object') return String(value);
  if (Object.keys(value).length === 0) return NOTHING;
  const isPlainList = Array.isArray(value) && value.every((item) => typeof item !== 'object');
  return sanitiseLine(isPlainList ? listText(value) : JSON.stringify(value));
}

/** The value of that property. */
export function namedCellText(name: string, value: unknown, now: Date | null): string {
  return value === null && TIME_NAME.test(name) ? NEVER : cellText(value, now);
}

/** A pack may have a thousand commands, and a table is to be read. */
const LISTED_MOST = 20;

function listText(items: readonly unknown[]): string {
  const more = items.length - LISTED_MOST;
  return more > 0 ? `${items.slice(0, LISTED_MOST).join(', ')} and ${more} more` : items.join(', ');
}

/** `createdAt` → `created at`, `cost.total` → `cost total` */
export function words(property: string): string {
  return sanitiseLine(property.replace(/([a-z0-9])([A-Z])/g, '$1 $2').replace(/[._-]/g, ' ')).toLowerCase();
}

/** `cost.total` reaches into nested objects. */
export function valueAt(item: unknown, path: string): unknown {
  if (!isRecord(item)) return item;
  return path.split('.').reduce<unknown>((value, name) => (isRecord(value) ? value[name] : undefined), item);
}

/** More say nothing to a person; --json and --csv have all. */
const DECIMALS_MOST = 6;

/** Numbers for a person: thousands apart, and as many decimals for all as the longest needs, up to six. */
export function readableNumbers(numbers: readonly number[]): string[] {
  const decimals = Math.max(0, ...numbers.map(decimalsOf));
  return numbers.map((number) => {
    const [whole = '', part] = number.toFixed(decimals).split('.');
    const apart = whole.replace(/\B(?=(\d{3})+$)/g, ',');
    return part === undefined ? apart : `${apart}.${part}`;
  });
}

const decimalsOf = (number: number) => Math.min(DECIMALS_MOST, decimalText(number).split('.')[1]?.length ?? 0);

const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;
const MINUTE_SECONDS = 60;
const HOUR_SECONDS = 60 * MINUTE_SECONDS;
const DAY_SECONDS = 24 * HOUR_SECONDS;

export const isIsoTime = (text: string): boolean => ISO_TIME.test(text) && !Number.isNaN(Date.parse(text));

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
