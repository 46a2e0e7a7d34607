// One value as text on one line, and property names as words. Used by the views.
import { decimalText } from '../lib/decimal-text.ts';
import { readableNumber } from './numbers.ts';
import { isIsoTime, relativeTime } from './relative-time.ts';
import { sanitiseLine } from './sanitise.ts';

const NOTHING = '-';

/** @param now times are shortened relative to it, and numbers made readable; null leaves both as they are */
export function cellText(value: unknown, now: Date | null): string {
  if (value === null || value === undefined || value === '') return NOTHING;
  if (typeof value === 'string')
    return now && isIsoTime(value) ? relativeTime(value, now) : sanitiseLine(value);
  if (typeof value === 'number') return now ? readableNumber(value) : decimalText(value);
  if (typeof value !== 'object') return String(value);
  const isEmpty = Object.keys(value).length === 0;
  if (isEmpty) return NOTHING;
  const isPlainList = Array.isArray(value) && value.every((item) => typeof item !== 'object');
  return sanitiseLine(isPlainList ? listText(value) : JSON.stringify(value));
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

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `cost.total` reaches into nested objects. */
export function valueAt(item: unknown, path: string): unknown {
  if (!isRecord(item)) return item;
  return path.split('.').reduce<unknown>((value, name) => (isRecord(value) ? value[name] : undefined), item);
}
