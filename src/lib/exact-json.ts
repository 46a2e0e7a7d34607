// JSON without losing a digit: numbers that JavaScript cannot hold stay as they were written. Used where callers'
// input and platforms' answers pass through Seed.
import { parseJson } from './json.ts';

/** What Node has since 22: a value that JSON.stringify writes as it stands. */
interface RawJson {
  rawJSON(text: string): object;
  isRawJSON(value: unknown): value is { rawJSON: string };
}
// A CLI on an older Node reads and writes JSON as that does.
const raw: Partial<RawJson> = JSON as never;

export const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** Whether a JavaScript number holds all that the digits say; integers only where their neighbours fit, too. */
export function holdsExactly(digits: string): boolean {
  const number = Number(digits);
  if (!Number.isFinite(number)) return false;
  if (Number.isInteger(number) && !Number.isSafeInteger(number)) return false;
  return significant(digits) === significant(String(number));
}

/** Digits without zeros around them, and the power of ten of the last. */
function significant(text: string): string {
  const [, whole = '', fraction = '', exponent = '0'] =
    /^-?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  const digits = (whole + fraction).replace(/^0+/, '');
  if (digits === '') return '0';
  const kept = digits.replace(/0+$/, '');
  return `${kept}e${Number(exponent) - fraction.length + digits.length - kept.length}`;
}

/** A number of a JSON text with its digits, for JSON.stringify to write again. */
export function exactNumber(digits: string): unknown {
  return raw.rawJSON && NUMBER.test(digits) ? raw.rawJSON(digits) : Number(digits);
}

/** @returns the digits; null: it is something else */
export function digitsOf(value: unknown): string | null {
  return raw.isRawJSON?.(value) ? value.rawJSON : null;
}

/** A list or an object that is no number. */
export function isMany(value: unknown): value is object {
  return typeof value === 'object' && value !== null && digitsOf(value) === null;
}

/**
 * JSON whose numbers are numbers where those hold them, and otherwise what `number` makes of their digits.
 * @param number unless given, what JSON.stringify writes as those digits
 * @param failure makes the error to throw for what is no JSON; without it that is undefined
 */
export function parseExactly(
  text: string,
  {
    number = exactNumber,
    failure,
  }: { number?: (digits: string) => unknown; failure?: (cause: Error) => Error } = {},
): unknown {
  // Few texts have a number that could be too long.
  if (!/[\d.]{16}|\d[eE]/.test(text)) return parseJson(text, failure);
  const reviver = (_name: string, value: unknown, { source }: { source?: string } = {}) =>
    typeof value === 'number' && source !== undefined && !holdsExactly(source) ? number(source) : value;
  return parseWith(text, reviver, failure);
}

/** JSON in which every number is what `number` makes of its digits. */
export function parseNumbers(text: string, number: (digits: string) => unknown): unknown {
  return parseWith(
    text,
    (_name, value, context) => (typeof value === 'number' ? number(context?.source ?? String(value)) : value),
    undefined,
  );
}

type Reviver = (name: string, value: unknown, context?: { source?: string }) => unknown;

function parseWith(text: string, reviver: Reviver, failure?: (cause: Error) => Error): unknown {
  try {
    return JSON.parse(text, reviver as never);
  } catch (cause) {
    if (failure) throw failure(cause as Error);
    return undefined;
  }
}
