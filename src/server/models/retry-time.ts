// When an upstream that refused a request can be asked again, as it says itself: in headers, in the body, or in
// its words. Called by upstream-refusal.ts.
import { isRecord } from '../../lib/json.ts';
import { retryAfterMs, sentAt } from '../../lib/retry-after.ts';

/** Later than this is no time that anybody means. */
const LONGEST_MS = 366 * 86_400_000;
const DEPTH = 6;

export interface Refusal {
  headers: Headers;
  /** Its body, where that is JSON. */
  json: unknown;
  /** Its words. */
  text: string;
}

/** Milliseconds from now, or null where it says nothing. The most exact word counts: that of its own header. */
export function retryTimeOf({ headers, json, text }: Refusal): number | null {
  const now = sentAt(headers.get('date'));
  const told = [
    () => number(headers.get('retry-after-ms')),
    () => ofRetryAfter(headers.get('retry-after'), now),
    () => ofBody(json, now),
    () => ofWords(text),
    () => ofResets([...headers], now),
  ];
  for (const read of told) {
    const ms = read();
    if (ms !== null && ms <= LONGEST_MS) return Math.max(0, Math.ceil(ms));
  }
  return null;
}

function number(text: unknown): number | null {
  const value = typeof text === 'string' && text.trim() !== '' ? Number(text) : text;
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : null;
}

/** The standard knows whole seconds and dates; some send parts of a second, or other dates. */
function ofRetryAfter(header: string | null, now: Date): number | null {
  if (header === null) return null;
  return retryAfterMs(header.trim(), now) ?? spanMs(header) ?? isoMs(header, now);
}

function isoMs(text: unknown, now: Date): number | null {
  if (typeof text !== 'string' || !/^\d{4}-\d\d-\d\dT/.test(text.trim())) return null;
  const at = Date.parse(text.trim());
  return Number.isNaN(at) ? null : Math.max(0, at - now.getTime());
}

const UNITS: Record<string, number> = {
  ms: 1,
  milliseconds: 1,
  s: 1000,
  sec: 1000,
  secs: 1000,
  second: 1000,
  seconds: 1000,
  m: 60_000,
  min: 60_000,
  mins: 60_000,
  minute: 60_000,
  minutes: 60_000,
  h: 3_600_000,
  hour: 3_600_000,
  hours: 3_600_000,
  d: 86_400_000,
  day: 86_400_000,
  days: 86_400_000,
};
const UNIT = Object.keys(UNITS)
  .sort((one, other) => other.length - one.length)
  .join('|');
const PARTS = `\\d+(?:\\.\\d+)?\\s*(?:(?:${UNIT})(?![a-z])|(?:${UNIT})(?=\\s*\\d))?(?:\\s*\\d+(?:\\.\\d+)?\\s*(?:${UNIT})(?![a-z]))*`;

const SPAN_LENGTH = 40;
const SPAN = new RegExp(`^(?:\\d+(?:\\.\\d+)?|(?:\\d+(?:\\.\\d+)?\\s*(?:${UNIT})\\s*)+)$`);

/** "7.66s", "1m26.4s", "6 minutes", "20ms"; a number alone is seconds. Null for what is none. */
function spanMs(text: unknown): number | null {
  if (typeof text === 'number') return number(text) === null ? null : text * 1000;
  if (typeof text !== 'string') return null;
  const trimmed = text.trim().toLowerCase();
  if (trimmed.length > SPAN_LENGTH || !SPAN.test(trimmed)) return null;
  const parts = [...trimmed.matchAll(new RegExp(`(\\d+(?:\\.\\d+)?)\\s*(${UNIT})?`, 'g'))];
  return parts.reduce((sum, [, value, unit]) => sum + Number(value) * (UNITS[unit ?? 's'] ?? 1000), 0);
}

/** Google's RetryInfo, Hugging Face's estimated_time, OpenRouter's metadata. */
function ofBody(json: unknown, now: Date, depth = 0): number | null {
  if (depth > DEPTH) return null;
  if (Array.isArray(json)) return first(json.slice(0, 20), (one) => ofBody(one, now, depth + 1));
  if (!isRecord(json)) return null;
  const ms = number(json['retry_after_ms']) ?? number(json['retryAfterMs']);
  if (ms !== null) return ms;
  const own = first(SPANS, (name) => spanMs(json[name]));
  if (own !== null) return own;
  if (isRecord(json['headers'])) {
    const headers = Object.entries(json['headers']).map(
      ([name, value]) => [name.toLowerCase(), String(value)] as const,
    );
    const after = headers.find(([name]) => name === 'retry-after')?.[1] ?? null;
    const told = ofRetryAfter(after, now) ?? ofResets(headers, now);
    if (told !== null) return told;
  }
  return first(Object.values(json), (value) => (typeof value === 'object' ? ofBody(value, now, depth + 1) : null));
}

const SPANS = [
  ...['retryDelay', 'retry_delay', 'retryAfter', 'retry_after', 'retry_after_seconds', 'retryAfterSeconds'],
  ...['estimated_time', 'retry-after', 'Retry-After'],
];

const IN_WORDS = new RegExp(
  `\\b(?:try (?:your request )?again|retry(?:ing)?|wait|available(?: again)?|resets?|reset again|expected)\\b[^.\\d]{0,40}?\\b(?:in|after|for|wait)\\s+(?:about |approximately |~)?(${PARTS})`,
  'i',
);
const WAIT = new RegExp(`\\bwait (?:about |for )?(\\d+(?:\\.\\d+)?\\s*(?:${UNIT})(?![a-z]))`, 'i');

/** "Please try again in 7.66s", "retry after 6 seconds", "wait 30 seconds". */
function ofWords(text: string): number | null {
  return spanMs((IN_WORDS.exec(text) ?? WAIT.exec(text))?.[1]);
}

/** Fields of `x-ratelimit-reset…`, `ratelimit-reset` and `anthropic-ratelimit-…-reset`. */
const RESET = /^(?:x-|anthropic-)?ratelimit-(?:reset(?:-(?<kind>.+))?|(?<named>.+)-reset)$/;
/** A number as large as this is a moment, in seconds or milliseconds since 1970. */
const MOMENT_S = 1_000_000_000;
const MOMENT_MS = 100_000_000_000;

/** Of several limits those that are used up count, and the last of them; where none says so, the first. */
function ofResets(headers: readonly (readonly [string, string])[], now: Date): number | null {
  const byName = new Map(headers.map(([name, value]) => [name.toLowerCase(), value]));
  const resets = [...byName].flatMap(([name, value]) => {
    const found = RESET.exec(name);
    const ms = found && momentMs(value, now);
    if (ms === null || found === null) return [];
    const kind = found.groups?.['kind'] ?? found.groups?.['named'];
    const remaining = REMAINING(kind)
      .map((header) => byName.get(header))
      .find((left) => left !== undefined);
    return [{ ms, usedUp: remaining !== undefined && Number(remaining) <= 0 }];
  });
  if (resets.length === 0) return null;
  const usedUp = resets.filter((reset) => reset.usedUp).map(({ ms }) => ms);
  return usedUp.length > 0 ? Math.max(...usedUp) : Math.min(...resets.map(({ ms }) => ms));
}

const REMAINING = (kind: string | undefined) =>
  kind === undefined
    ? ['x-ratelimit-remaining', 'ratelimit-remaining']
    : [`x-ratelimit-remaining-${kind}`, `anthropic-ratelimit-${kind}-remaining`];

function momentMs(value: string, now: Date): number | null {
  const amount = number(value);
  if (amount !== null && amount >= MOMENT_MS) return Math.max(0, amount - now.getTime());
  if (amount !== null && amount >= MOMENT_S) return Math.max(0, amount * 1000 - now.getTime());
  return spanMs(value) ?? isoMs(value, now);
}

function first<Item>(items: readonly Item[], read: (item: Item) => number | null): number | null {
  for (const item of items) {
    const found = read(item);
    if (found !== null) return found;
  }
  return null;
}
