// Reads the times that Postgres writes: a list of twenty tasks has eighty of them. For connection.ts.

type ReadTime = (text: string) => unknown;

/** `2026-11-29 23:10:29.731+00`: a time of four-digit years in a zone of whole hours. */
const LENGTHS = { least: 22, most: 29 };
const ZERO = 48;

/**
 * Reads a timestamptz, and cuts its microseconds off.
 * @param readAnyTime reads all but what is usual: pg's own way
 */
export function timeReader(readAnyTime: ReadTime): ReadTime {
  return (text) => readUsualTime(text) ?? readAnyTime(text);
}

function readUsualTime(text: string): Date | null {
  const { length } = text;
  const sign = text.charCodeAt(length - 3);
  const isUsual =
    length >= LENGTHS.least &&
    length <= LENGTHS.most &&
    (sign === 43 || sign === 45) &&
    text.charCodeAt(4) === 45 &&
    text.charCodeAt(10) === 32;
  if (!isUsual) return null;
  const two = (at: number) => (text.charCodeAt(at) - ZERO) * 10 + text.charCodeAt(at + 1) - ZERO;
  const digit = (at: number) => (at < length - 3 ? text.charCodeAt(at) - ZERO : 0);
  const year = two(0) * 100 + two(2);
  const ms = digit(20) * 100 + digit(21) * 10 + digit(22);
  const hours = sign === 43 ? two(length - 2) : -two(length - 2);
  const time = Date.UTC(year, two(5) - 1, two(8), two(11) - hours, two(14), two(17), ms);
  return year > 99 && !Number.isNaN(time) ? new Date(time) : null;
}
