// A number as digits and a point, never as 1e-7. Used by tables and CSV.

const DECIMALS_MOST = 12;

export function decimalText(number: number): string {
  const text = String(number);
  if (!text.includes('e-')) return text;
  return number.toFixed(DECIMALS_MOST).replace(/\.?0+$/, '');
}
