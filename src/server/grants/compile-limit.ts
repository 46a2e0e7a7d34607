// One limit against one command: whether it is about it, what input fits it, and what a call of it counts. Pure.
import type { Command } from '../../command/define-command.ts';
import { addDecimals, type Decimal, decimalOf, parseDecimal, ZERO } from '../../lib/decimal.ts';
import type { Limit } from '../../protocol/grant.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { allows } from '../../protocol/scope.ts';
import { compileSchema } from './compile-schema.ts';
import { type CompiledSchema, Unsupported } from './compiled-schema.ts';
import {
  inputOf,
  type Place,
  placeBehind,
  pointerOf,
  type Step,
  stepsOf,
  takesDigits,
  typesAt,
} from './places.ts';
import { numberIn, type Patience, valuesAt } from './values.ts';

export type LimitedCommand = Pick<Command, 'name' | 'scope' | 'effect' | 'input' | 'whole'>;

/** Of calls that one limit counts: what is counted, and how much it may come to. */
export interface Counted {
  /** The same for limits that differ in how much only. */
  counter: string;
  most: Decimal;
  /** `3 calls`, `/total`. */
  what: string;
}

export interface CompiledLimit {
  /** Why no input of the command fits it. */
  unfit: Unfit | null;
  /** What of the input does not fit, in words; null: all fits. */
  misfitOf(input: unknown): string | null;
  /** What the call counts; only of an input that fits. */
  countsOf(input: unknown): (Counted & { amount: Decimal })[];
}

export interface Unfit {
  why: string;
  kind: 'unsupported' | 'lacks' | 'never';
}

/** Whether the limit is about the command. */
export function isAbout({ scope, command, effects }: Limit, called: Pick<Command, 'name' | 'scope' | 'effect'>) {
  if (scope !== undefined) return called.scope !== null && allows([scope], called.scope);
  if (command !== undefined) return command.replaceAll('_', ' ') === called.name;
  return effects?.includes(called.effect) ?? false;
}

/** What the limit is about, in words. */
export function aboutWhat({ scope, command, effects }: Limit): string {
  return scope ?? (command === undefined ? (effects ?? []).join(' and ') : `"${command}"`);
}

const UNLIMITED: CompiledSchema = { judge: () => null, named: [], never: null, bounds: {} };
const NOTHING: Omit<CompiledLimit, 'unfit'> = { misfitOf: () => null, countsOf: () => [] };

export function compileLimit(limit: Limit, command: LimitedCommand): CompiledLimit {
  const { input: schema, sum = {} } = limit;
  const pointers = Object.entries(sum);
  if (schema === undefined && pointers.length === 0)
    return { unfit: null, misfitOf: () => null, countsOf: () => callsOf(limit) };
  const place = inputOf(command as Command);
  let fitting: CompiledSchema;
  try {
    fitting = schema === undefined ? UNLIMITED : compileSchema(schema, place);
  } catch (error) {
    if (!(error instanceof Unsupported)) throw error;
    return { unfit: { kind: 'unsupported', why: error.message }, ...NOTHING };
  }
  const sums = pointers.map(([pointer, most]) => sumOf(limit, place, pointer, most));
  const named = [...fitting.named, ...sums.map(({ steps }) => steps)];
  const lacking = named.find((steps) => placeBehind(place, steps) === null);
  if (lacking) return { unfit: { kind: 'lacks', why: `the command has no ${pointerOf(lacking)}` }, ...NOTHING };
  const never = fitting.never ?? sums.flatMap((each) => each.never ?? [])[0];
  if (never) return { unfit: { kind: 'never', why: never }, ...NOTHING };
  return {
    unfit: null,
    misfitOf(input) {
      const patience: Patience = { left: LIMITS.limitSteps };
      const missing = named.find((steps) => valuesAt(input, steps, patience) === null);
      if (missing) return `${pointerOf(missing)} is missing`;
      const misfit = fitting.judge(input, '', patience);
      if (misfit) return `${misfit.at || 'the input'} ${misfit.why}`;
      for (const each of sums) {
        const total = each.of(input, patience);
        if (typeof total === 'string') return total;
      }
      return null;
    },
    countsOf(input) {
      const patience: Patience = { left: LIMITS.limitSteps };
      const amounts = sums.map(({ of, ...counted }) => ({ ...counted, amount: of(input, patience) as Decimal }));
      return [...callsOf(limit), ...amounts];
    },
  };
}

/** The same text for the same commands, in whatever order they are told. */
function selectorOf({ scope, command, effects = [] }: Limit): string {
  if (scope !== undefined) return `scope ${scope}`;
  return command === undefined
    ? `effects ${effects.toSorted().join()}`
    : `command ${command.replaceAll('_', ' ')}`;
}

function callsOf(limit: Limit) {
  if (limit.calls === undefined) return [];
  const counter = `${selectorOf(limit)} calls`;
  return [{ counter, most: decimalOf(limit.calls), what: 'calls', amount: decimalOf(1) }];
}

interface Sum extends Counted {
  steps: Step[];
  never: string | null;
  /** Text: why it cannot be summed up. */
  of(input: unknown, patience: Patience): Decimal | string;
}

function sumOf(limit: Limit, whole: Place, pointer: string, most: number | string): Sum {
  const steps = stepsOf(pointer);
  const place = placeBehind(whole, steps);
  const digits = place !== null && takesDigits(place);
  const types = place && typesAt(place);
  const isNumeric = !types || types.has('number');
  return {
    counter: `${selectorOf(limit)} sum ${pointer}`,
    most: amountOf(most),
    what: pointer,
    steps,
    never: isNumeric ? null : `${pointer} is no number there, but ${[...types].join(' or ')}`,
    of(input, patience) {
      const values = valuesAt(input, steps, patience);
      if (values === null) return `${pointer} is missing`;
      let total = ZERO;
      for (const value of values) {
        const number = numberIn(value, digits);
        if (number === null) return `${pointer} is no number`;
        if (number.units < 0n) return `${pointer} is below zero`;
        total = addDecimals(total, number);
      }
      return total;
    },
  };
}

/** As a limit's `sum` has it. */
export function amountOf(most: number | string): Decimal {
  return parseDecimal(String(most).replace(/^0+(?=\d)/, '')) ?? ZERO;
}
