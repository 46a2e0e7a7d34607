// Spans of time as pages offer them and keep them in their address, and what they are to a command.

const DAY_MS = 86_400_000;

/** A span back from now (`7d`), `month`: this month, or `own`: from one day to another. */
export interface SpanSearch {
  span?: string | undefined;
  /** Days in UTC, both included: `2026-11-24`. */
  from?: string | undefined;
  to?: string | undefined;
}

/** What `since`, `until` and `month` of a command are to be. */
export type SpanInput = { since?: string; until?: string; month?: string };

export function spanInput({ span, from, to }: SpanSearch, now: number): SpanInput {
  if (span === undefined) return {};
  if (span === 'month') return { month: utcDay(now).slice(0, 7) };
  if (span !== 'own') return { since: span };
  return { ...(from && { since: from }), ...(to && { until: nextDay(to) }) };
}

/** The seven days up to today: what one's own span begins with. */
export function lastWeek(now: number): Required<SpanSearch> {
  return { span: 'own', from: utcDay(now - 6 * DAY_MS), to: utcDay(now) };
}

/** Reads a span out of an address: what is no span is left out. */
export function spanSearch({ span, from, to }: Record<string, unknown>, offered: readonly string[]): SpanSearch {
  if (typeof span !== 'string' || ![...offered, 'own'].includes(span)) return {};
  if (span !== 'own') return { span };
  return { span, from: dayIn(from), to: dayIn(to) };
}

/** Every day from the one that holds `from` to the one before whose end `to` lies. */
export function daysBetween(from: string, to: string): string[] {
  const first = Date.parse(from.slice(0, 10));
  const count = Math.max(1, Math.ceil((Date.parse(to) - first) / DAY_MS));
  return Array.from({ length: count }, (_, day) => utcDay(first + day * DAY_MS));
}

function dayIn(value: unknown): string | undefined {
  const isDay = typeof value === 'string' && /^\d{4}-\d\d-\d\d$/.test(value);
  return isDay && !Number.isNaN(Date.parse(value)) ? value : undefined;
}

function nextDay(day: string): string {
  return utcDay(Date.parse(day) + DAY_MS);
}

function utcDay(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
