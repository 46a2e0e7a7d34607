// The Retry-After header (RFC 9110, section 10.2.3): seconds or a date.

/** Milliseconds from `now` (by the sender's clock), at least 0; null for no header, or one that is neither. */
export function retryAfterMs(header: string | null, now: Date): number | null {
  if (header === null) return null;
  // Date.parse alone would take "-5" for a date.
  const dateMs = header.endsWith(' GMT') ? Date.parse(header) - now.getTime() : Number.NaN;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : dateMs;
  return Number.isFinite(ms) ? Math.max(0, ms) : null;
}

/** When an answer with this Date header was sent, by its sender's clock; without a sound one: now. */
export function sentAt(date: string | null): Date {
  const sent = new Date(date ?? '');
  return Number.isNaN(sent.getTime()) ? new Date() : sent;
}
