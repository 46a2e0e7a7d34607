// Counts, money and sizes as people read them.

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
