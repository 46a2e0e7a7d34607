// Values of an input as a limit looks at them: their JSON types, numbers exactly, and what lies at a place. Pure.
import { compareDecimals, type Decimal, parseDecimal } from '../../lib/decimal.ts';
import { digitsOf } from '../../lib/exact-json.ts';
import { isRecord } from '../../lib/json.ts';
import { EACH, type Step } from './places.ts';

/** @param takesDigits whether a string of digits is a number there. @returns null: it is no number */
export function numberIn(value: unknown, takesDigits: boolean): Decimal | null {
  if (typeof value === 'number' || typeof value === 'bigint') return parseDecimal(String(value));
  if (typeof value === 'string') return takesDigits ? parseDecimal(value) : null;
  const digits = digitsOf(value);
  return digits === null ? null : parseDecimal(digits);
}

/** An object as JSON has it: neither null, a list, a number with all its digits, nor a class's. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (!isRecord(value) || digitsOf(value) !== null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

const BEYOND_MOST = 64;

/** Whether they are the same in JSON, numbers by what they amount to. Deeper ones than inputs can be are not. */
export function isSame(one: unknown, other: unknown, takesDigits = false, depth = 0): boolean {
  if (depth > BEYOND_MOST) return false;
  const [a, b] = [numberIn(one, takesDigits), numberIn(other, takesDigits)];
  if (a !== null && b !== null) return compareDecimals(a, b) === 0;
  if (Array.isArray(one))
    return (
      Array.isArray(other) &&
      one.length === other.length &&
      one.every((item, index) => isSame(item, other[index], takesDigits, depth + 1))
    );
  if (!isPlainObject(one)) return one === other;
  if (!isPlainObject(other)) return false;
  const [names, others] = [givenNames(one), givenNames(other)];
  return (
    names.length === others.length &&
    names.every((name) => Object.hasOwn(other, name) && isSame(one[name], other[name], takesDigits, depth + 1))
  );
}

/** The names of an object that are given. */
export function givenNames(value: Record<string, unknown>): string[] {
  return Object.keys(value).filter((name) => value[name] !== undefined);
}

/** So many values are looked at in one call, and no more. */
export interface Patience {
  left: number;
}

/** @returns whether it is used up */
export function isSpent(patience: Patience): boolean {
  patience.left -= 1;
  return patience.left < 0;
}

/**
 * All that lies where the steps lead, of lists each.
 * @returns null: something on the way, or at the end, is missing or null, or is no list or object
 */
export function valuesAt(input: unknown, steps: readonly Step[], patience: Patience): unknown[] | null {
  let here: unknown[] = [input];
  for (const step of steps) {
    const next: unknown[] = [];
    for (const value of here) {
      if (isSpent(patience)) return null;
      const inner = step === EACH ? value : [memberOf(value, step)];
      if (!Array.isArray(inner)) return null;
      for (const each of inner) {
        if (each === undefined || each === null || isSpent(patience)) return null;
        next.push(each);
      }
    }
    here = next;
  }
  return here;
}

function memberOf(value: unknown, name: string): unknown {
  if (Array.isArray(value)) return /^(?:0|[1-9]\d{0,5})$/.test(name) ? value[Number(name)] : undefined;
  return isPlainObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}
