// Points in time and spans of it, as people type them: 45m, 12h, 30d, 8w.
import { z } from 'zod';

/** A time that callers give: ISO-8601 with Z or an offset, in the years that it can be written with in UTC. */
export const Moment = z.iso.datetime({ offset: true }).refine((text) => {
  const year = new Date(text).getUTCFullYear();
  return year >= 1 && year <= 9999;
}, 'a time lies in the years 1 to 9999, in UTC');

const UNIT_MS: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
const MAX_MS = 3_650 * 86_400_000;
const PATTERN = /^(0|[1-9]\d{0,6})([mhdw])$/;

/** The span in milliseconds; null when the text is none, or longer than ten years. */
export function durationMs(text: string): number | null {
  const [, amount, unit] = PATTERN.exec(text) ?? [];
  if (amount === undefined || unit === undefined) return null;
  const ms = Number(amount) * (UNIT_MS[unit] ?? 0);
  return ms <= MAX_MS ? ms : null;
}

const isSpan = (text: string) => durationMs(text) !== null;
const WRONG = 'a span is written 45m, 12h, 30d or 8w, at most 3650d';
const Span = z.string().max(10);

/** Spans of at most so long, in the words of JSON Schema; without the anchors of an expression. */
const spansUpTo = (mostMs: number) =>
  Object.entries(UNIT_MS)
    .map(([unit, ms]) => `(?:${upTo(mostMs / ms)})${unit}`)
    .join('|');

const SPAN = spansUpTo(MAX_MS);

/** For the schema of a `Duration` that is more than nothing and at most so long. */
export const someSpan = (mostMs: number) => ({ pattern: `^(?:${spansUpTo(mostMs)})$`, not: { pattern: '^0' } });

/** A regular expression for the whole numbers from 0 to `most`, without zeros before them. */
function upTo(most: number): string {
  const digits = String(Math.floor(most));
  const shorter = digits.length > 1 ? ['0', `[1-9]\\d{0,${digits.length - 2}}`] : [];
  const same = [...digits].flatMap((digit, index) => {
    const least = index === 0 && digits.length > 1 ? 1 : 0;
    const rest = digits.length - index - 1;
    const below = Number(digit) - 1;
    if (below < least) return [];
    return [`${digits.slice(0, index)}[${least}-${below}]${rest > 0 ? `\\d{${rest}}` : ''}`];
  });
  return [...shorter, ...same, digits].join('|');
}

export const Duration = Span.refine(isSpan, WRONG).meta({ pattern: `^(?:${SPAN})$`, examples: ['30d'] });

/** A span, or `never` for no end. */
export const Lifetime = Span.refine((text) => text === 'never' || isSpan(text), `${WRONG}, or never`).meta({
  pattern: `^(?:never|${SPAN})$`,
  examples: ['30d', 'never'],
});

const Time = z.union([Moment, z.iso.date()]);

/** An ISO-8601 time or day (its beginning in UTC), or a span that is counted back from now. */
export const PastTime = z
  .string()
  .max(40)
  .refine((text) => isSpan(text) || Time.safeParse(text).success, {
    message: 'a time is written as ISO-8601, as a day such as 2026-11-24, or as a span before now such as 30d',
  })
  .meta({
    anyOf: [{ pattern: `^(?:${SPAN})$` }, { format: 'date' }, { format: 'date-time' }],
    examples: ['30d', '2026-11-01T00:00:00Z'],
  });

/** The moment that a `PastTime` names. */
export function pastTime(text: string, now: Date): Date {
  const ms = durationMs(text);
  return ms === null ? new Date(text) : new Date(now.getTime() - ms);
}
