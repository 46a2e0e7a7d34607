// Decimal numbers without rounding, for amounts that people limit: compared, added and written exactly. Pure.
import { NUMBER } from './exact-json.ts';

/** `units` divided by ten to the power of `scale`, which is never negative. */
export interface Decimal {
  units: bigint;
  scale: number;
}

/** Longer ones, or with a greater exponent, are nobody's amounts and would take long. */
const DIGITS_MOST = 400;
const EXPONENT_MOST = 400;

export const ZERO: Decimal = { units: 0n, scale: 0 };

/** @param text as JSON writes a number. @returns null: it is none, or has more digits than are looked at */
export function parseDecimal(text: string): Decimal | null {
  if (text.length > DIGITS_MOST || !NUMBER.test(text)) return null;
  const [mantissa = '', power = '0'] = text.toLowerCase().split('e');
  const exponent = Number(power);
  if (Math.abs(exponent) > EXPONENT_MOST) return null;
  const [whole = '', fraction = ''] = mantissa.split('.');
  const units = BigInt(whole + fraction);
  const scale = fraction.length - exponent;
  return scale < 0 ? { units: units * 10n ** BigInt(-scale), scale: 0 } : { units, scale };
}

/** @param number finite. JavaScript's own shortest digits are taken for what was meant: 0.1 is a tenth. */
export function decimalOf(number: number): Decimal {
  return parseDecimal(String(number)) ?? ZERO;
}

/** Both with the same scale. */
function aligned(one: Decimal, other: Decimal): [bigint, bigint, number] {
  const scale = Math.max(one.scale, other.scale);
  const at = ({ units, scale: own }: Decimal) => units * 10n ** BigInt(scale - own);
  return [at(one), at(other), scale];
}

/** @returns below zero: the first is less; zero: they are equal; above zero: it is more */
export function compareDecimals(one: Decimal, other: Decimal): number {
  const [a, b] = aligned(one, other);
  return a === b ? 0 : a < b ? -1 : 1;
}

export function addDecimals(one: Decimal, other: Decimal): Decimal {
  const [a, b, scale] = aligned(one, other);
  return { units: a + b, scale };
}

/** The whole multiples of `step`, above zero, that lie at or below it. */
export function wholeMultiples(decimal: Decimal, step: Decimal): bigint {
  const [a, b] = aligned(decimal, step);
  const quotient = a / b;
  return a < 0n && quotient * b !== a ? quotient - 1n : quotient;
}

/** @param step above zero */
export function isMultiple(decimal: Decimal, step: Decimal): boolean {
  const [a, b] = aligned(decimal, step);
  return a % b === 0n;
}

export function isWhole(decimal: Decimal): boolean {
  return isMultiple(decimal, { units: 1n, scale: 0 });
}

/** In plain digits, without an exponent or zeros at the end: as Postgres reads a numeric. */
export function writeDecimal({ units, scale }: Decimal): string {
  const sign = units < 0n ? '-' : '';
  const digits = String(units < 0n ? -units : units).padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  const fraction = digits.slice(digits.length - scale).replace(/0+$/, '');
  return sign + whole + (fraction === '' ? '' : `.${fraction}`);
}
