// The parameters of a template: whether their schema means something, and what a request's values come to.
// Called when a template is kept and when a task is started from one. Pure.
import { RE2JS } from 're2js';
import { z } from 'zod';
import { fromText } from '../../lib/query-text.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { Parameter, Parameters, ParameterValue } from '../../protocol/template.ts';
import { cutEnd, FINDING_LENGTH } from '../http/invalid-input.ts';

/** `{{name}}`, with or without spaces; `\{{` stands for braces. */
const PLACE = /(\\?)\{\{\s*([^{}]*?)\s*\}\}/g;

/** @throws SeedError invalid_input: what of the schema or of the instruction's places means nothing */
export function checkParameters(parameters: Parameters | null, instruction: string): void {
  if (parameters === null) return;
  const names = Object.keys(parameters.properties);
  for (const name of parameters.required ?? []) {
    if (!names.includes(name)) throw wrong(`required names "${name}", which is no parameter`);
  }
  for (const [name, parameter] of Object.entries(parameters.properties)) checkParameter(name, parameter);
  for (const [, escaped, name = ''] of instruction.matchAll(PLACE)) {
    if (escaped || names.includes(name)) continue;
    const known = names.length === 0 ? 'it has none' : `it has ${names.join(', ')}`;
    throw wrong(`the instruction has {{${name}}}, which is no parameter: ${known}`, {
      hint: 'Declare it in parameters; for braces that stand for themselves write \\{{.',
    });
  }
}

function checkParameter(name: string, parameter: Parameter): void {
  const { type, items, enum: choices, pattern, format } = parameter;
  const textOnly = ['minLength', 'maxLength', 'pattern', 'format'] as const;
  const numberOnly = ['minimum', 'maximum'] as const;
  const listOnly = ['items', 'minItems', 'maxItems'] as const;
  const refuse = (words: readonly (keyof Parameter)[], what: string) => {
    const word = words.find((one) => parameter[one] !== undefined);
    if (word !== undefined) throw wrong(`${name}: ${word} is of ${what}, and this is of type ${type}`);
  };
  if (type !== 'string') refuse(textOnly, 'text');
  if (type !== 'integer' && type !== 'number') refuse(numberOnly, 'a number');
  if (type !== 'array') refuse(listOnly, 'a list');
  if (type === 'array' && items === undefined)
    throw wrong(`${name}: say of what it is a list, such as "items": {"type": "string"}`);
  if (pattern !== undefined && !compiles(pattern)) {
    throw wrong(`${name}: the pattern does not compile`, { hint: 'Patterns are in the syntax of RE2.' });
  }
  if (choices !== undefined && (pattern !== undefined || format !== undefined))
    throw wrong(`${name}: with enum, pattern and format say nothing more`);
  if (parameter.default === undefined) return;
  const fits = schemaOf(parameter).safeParse(parameter.default);
  if (!fits.success) throw wrong(`${name}: its default does not fit: ${whyOf(fits.error)}`);
}

function compiles(pattern: string): boolean {
  try {
    RE2JS.compile(pattern);
    return true;
  } catch {
    return false;
  }
}

/**
 * The values of all parameters: those given, else their defaults; undefined where there is neither. Text that says
 * a number, a truth value or a list is taken as that, where the parameter is one: forms and tables have only text.
 * @throws SeedError invalid_input, naming the parameter
 */
export function valuesFor(
  { properties, required = [] }: Parameters,
  given: Readonly<Record<string, ParameterValue>>,
): Record<string, ParameterValue | undefined> {
  const names = Object.keys(properties);
  const foreign = Object.keys(given).find((name) => !Object.hasOwn(properties, name));
  if (foreign !== undefined) {
    const hint = names.length === 0 ? 'It has none.' : `It has ${names.join(', ')}.`;
    throw wrong(`the template has no parameter "${foreign}"`, { hint });
  }
  const values: Record<string, ParameterValue | undefined> = {};
  for (const [name, parameter] of Object.entries(properties)) {
    const value = given[name] ?? parameter.default;
    if (value === undefined && required.includes(name)) {
      const about = parameter.description ?? parameter.title;
      throw wrong(`the template needs "${name}"`, { ...(about !== undefined && { hint: `${about}` }) });
    }
    values[name] = value === undefined ? undefined : read(name, parameter, value);
  }
  return values;
}

function read(name: string, parameter: Parameter, value: ParameterValue): ParameterValue {
  const meant = typeof value === 'string' ? fromText(value, { type: parameter.type }) : value;
  const checked = schemaOf(parameter).safeParse(meant);
  if (checked.success) return checked.data;
  throw wrong(`${name}: ${whyOf(checked.error)}`);
}

/** The names in the instruction's places, each once. */
export function placesOf(instruction: string): string[] {
  const found = [...instruction.matchAll(PLACE)].filter(([, escaped]) => !escaped);
  return [...new Set(found.map(([, , name = '']) => name))];
}

/** Each place of the instruction filled; a list with commas between its items, nothing where there is no value. */
export function fillIn(instruction: string, values: Record<string, ParameterValue | undefined>): string {
  return instruction.replace(PLACE, (whole, escaped: string, name: string) => {
    if (escaped) return whole.slice(1);
    if (!Object.hasOwn(values, name)) return whole;
    const value = values[name];
    return Array.isArray(value) ? value.join(', ') : String(value ?? '');
  });
}

function schemaOf(parameter: Parameter): z.ZodType<ParameterValue> {
  const { type, items, minItems = 0, maxItems = Number.POSITIVE_INFINITY } = parameter;
  if (type === 'boolean') return z.boolean();
  if (type === 'string') return textSchema(parameter);
  if (type === 'array')
    return z
      .array(scalarSchema(items ?? { type: 'string' }))
      .min(minItems)
      .max(maxItems);
  return scalarSchema(parameter as Scalar);
}

type Scalar = Pick<Parameter, 'enum' | 'minimum' | 'maximum'> & { type: 'string' | 'integer' | 'number' };

function scalarSchema({ type, enum: choices, minimum, maximum }: Scalar): z.ZodType<string | number> {
  if (type === 'string') return oneOf(z.string(), choices);
  const number = type === 'integer' ? z.int() : z.number();
  return oneOf(number.min(minimum ?? -Number.MAX_VALUE).max(maximum ?? Number.MAX_VALUE), choices);
}

const FORMATS = {
  date: z.iso.date(),
  'date-time': z.iso.datetime({ offset: true }),
  email: z.email(),
  uri: z.url(),
  uuid: z.uuid(),
} satisfies Record<NonNullable<Parameter['format']>, z.ZodType<string>>;

function textSchema({
  minLength = 0,
  maxLength = Number.POSITIVE_INFINITY,
  ...more
}: Parameter): z.ZodType<string> {
  const text = z.string().min(minLength).max(maxLength);
  const formed = more.format === undefined ? text : text.pipe(FORMATS[more.format]);
  const pattern = more.pattern === undefined ? null : RE2JS.compile(more.pattern);
  const matched = formed.refine(
    (value) => pattern?.matcher(value).find() ?? true,
    `does not match ${more.pattern}`,
  );
  return oneOf(matched, more.enum);
}

function oneOf<Value extends string | number>(
  schema: z.ZodType<Value>,
  choices: readonly (string | number)[] | undefined,
): z.ZodType<Value> {
  if (choices === undefined) return schema;
  return schema.refine((value) => choices.includes(value), `is one of ${choices.join(', ')}`);
}

const whyOf = (error: z.ZodError) => cutEnd(error.issues[0]?.message ?? 'it does not fit', FINDING_LENGTH);

function wrong(message: string, more: { hint?: string } = {}): SeedError {
  return new SeedError('invalid_input', `parameters: ${message}`, more);
}
