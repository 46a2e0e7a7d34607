// The bounds that a schema sets, so that some of which nothing can hold are told when a limit is set. Pure.
import {
  compareDecimals,
  type Decimal,
  decimalOf,
  isWhole,
  wholeMultiples,
  writeDecimal,
} from '../../lib/decimal.ts';

interface Edge {
  at: Decimal;
  /** Whether the edge itself is outside. */
  isOpen: boolean;
}

export interface Bounds {
  low?: Edge | undefined;
  high?: Edge | undefined;
  step?: Decimal | undefined;
  length?: Span | undefined;
  items?: Span | undefined;
  names?: Span | undefined;
}

interface Span {
  least: number;
  most: number;
}

/** Those of one schema, without its parts. Keywords that are no numbers are left out: others refuse them. */
export function boundsIn(schema: Record<string, unknown>): Bounds {
  const edge = (word: string, isOpen: boolean): Edge[] => {
    const value = schema[word];
    return typeof value === 'number' && Number.isFinite(value) ? [{ at: decimalOf(value), isOpen }] : [];
  };
  const span = (least: string, most: string): Span | undefined => {
    const [from, to] = [schema[least], schema[most]];
    if (typeof from !== 'number' && typeof to !== 'number') return undefined;
    return { least: Number(from ?? 0), most: Number(to ?? Number.POSITIVE_INFINITY) };
  };
  const { multipleOf } = schema;
  return {
    low: [...edge('minimum', false), ...edge('exclusiveMinimum', true)].reduce(higher, undefined),
    high: [...edge('maximum', false), ...edge('exclusiveMaximum', true)].reduce(lower, undefined),
    ...(typeof multipleOf === 'number' && multipleOf > 0 && { step: decimalOf(multipleOf) }),
    length: span('minLength', 'maxLength'),
    items: span('minItems', 'maxItems'),
    names: span('minProperties', 'maxProperties'),
  };
}

function higher(one: Edge | undefined, other: Edge): Edge {
  if (one === undefined) return other;
  const order = compareDecimals(one.at, other.at);
  return order > 0 || (order === 0 && one.isOpen) ? one : other;
}

function lower(one: Edge | undefined, other: Edge): Edge {
  if (one === undefined) return other;
  const order = compareDecimals(one.at, other.at);
  return order < 0 || (order === 0 && one.isOpen) ? one : other;
}

/** All of them hold. Of several steps the first: together they leave less, never more. */
export function meetBounds(all: readonly Bounds[]): Bounds {
  const spans = (name: 'length' | 'items' | 'names') => {
    const given = all.flatMap((bounds) => bounds[name] ?? []);
    if (given.length === 0) return undefined;
    return {
      least: Math.max(...given.map(({ least }) => least)),
      most: Math.min(...given.map(({ most }) => most)),
    };
  };
  return {
    low: all.flatMap(({ low }) => low ?? []).reduce(higher, undefined as Edge | undefined),
    high: all.flatMap(({ high }) => high ?? []).reduce(lower, undefined as Edge | undefined),
    step: all.find(({ step }) => step)?.step,
    length: spans('length'),
    items: spans('items'),
    names: spans('names'),
  };
}

/** @param types that the value has to be of; null: not said. @returns null: something may hold them */
export function boundsProblem(
  { low, high, step, ...spans }: Bounds,
  types: readonly string[] | null,
): string | null {
  for (const [name, span] of Object.entries(spans))
    if (span && span.least > span.most) return `no ${name} is at least ${span.least} and at most ${span.most}`;
  if (!low || !high) return null;
  const between = `between ${writeDecimal(low.at)} and ${writeDecimal(high.at)}`;
  const order = compareDecimals(low.at, high.at);
  if (order > 0 || (order === 0 && (low.isOpen || high.isOpen))) return `no number is ${between}`;
  const whole = types?.length === 1 && types[0] === 'integer' ? decimalOf(1) : undefined;
  for (const each of [step, whole]) {
    if (!each) continue;
    let last = wholeMultiples(high.at, each);
    const at = (count: bigint) => ({ units: count * each.units, scale: each.scale });
    if (high.isOpen && compareDecimals(at(last), high.at) === 0) last -= 1n;
    const under = compareDecimals(at(last), low.at);
    if (under < 0 || (under === 0 && low.isOpen))
      return `no ${isWhole(each) && each === whole ? 'whole number' : `multiple of ${writeDecimal(each)}`} is ${between}`;
  }
  return null;
}
