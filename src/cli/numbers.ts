// The numbers of a column or a line as text. Used by the views.
import { decimalText } from '../lib/decimal-text.ts';

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

export function readableNumber(number: number): string {
  return readableNumbers([number])[0] ?? '';
}

function decimalsOf(number: number): number {
  return Math.min(DECIMALS_MOST, decimalText(number).split('.')[1]?.length ?? 0);
}
