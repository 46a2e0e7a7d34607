// Writes answers as JSON by what their schema declares, without the checks of values: in half the time that it
// takes to check and to write them. For the answers of commands that read (http/read-answers.ts).
//
// What it writes is, byte for byte, JSON.stringify of what the schema makes of the value: the declared fields in
// the declared order and no others. Types are looked at, as they cost nothing; formats, bounds and refinements are
// not. Parts whose schema changes what it is given (transforms, defaults, codecs, unions that only a check tells
// apart) are left to zod.
import { z } from 'zod';

/** Null: the value is not of the declared types. Zod then says what is wrong. */
export type Serialize = (value: unknown) => string | null;

/** The JSON of one value; undefined: the value is one that JSON leaves out. */
type Write = (value: unknown) => string | undefined;

/** Thrown where a value is not of its declared type, caught by the whole. */
class Unfit extends Error {}
const UNFIT = new Unfit('the value is not of the declared type');

const unfit = (): never => {
  throw UNFIT;
};

/** One is made once a command, when the server starts. */
export function serializerOf(schema: z.ZodType): Serialize {
  const write = writerOf(schema, new Map());
  return (value) => {
    try {
      return write(value) ?? null;
    } catch (error) {
      if (error instanceof Unfit || error instanceof z.core.$ZodError) return null;
      throw error;
    }
  };
}

type Schema = z.core.$ZodTypes;
type Known = Map<z.core.$ZodType, Write>;

/** Schemas may hold themselves: each has one writer. */
function writerOf(schema: z.core.$ZodType, known: Known): Write {
  const found = known.get(schema);
  if (found) return found;
  let write: Write | undefined;
  known.set(schema, (value) => (write ?? unfit)(value) as string | undefined);
  write = changesValues(schema) ? byZod(schema) : (ownWriter(schema as Schema, known) ?? byZod(schema));
  known.set(schema, write);
  return write;
}

/** Checks such as `trim` put another value in place of the given one, and a function might. Refinements do not. */
function changesValues({ _zod: { def } }: z.core.$ZodType): boolean {
  if ('coerce' in def && def.coerce) return true;
  return (def.checks ?? []).some(({ _zod: check }) => {
    if (check.def.check === 'overwrite') return true;
    return check.def.check === 'custom' && !('fn' in check.def);
  });
}

function byZod(schema: z.core.$ZodType): Write {
  return (value) => JSON.stringify(z.core.parse(schema, value));
}

/** Undefined for a kind that is left to zod. */
function ownWriter(schema: Schema, known: Known): Write | undefined {
  const { def } = schema._zod;
  switch (def.type) {
    case 'string':
      return writeString;
    case 'number':
      return writeNumber;
    case 'boolean':
      return (value) => (value === true ? 'true' : value === false ? 'false' : unfit());
    case 'null':
      return (value) => (value === null ? 'null' : unfit());
    case 'unknown':
    case 'any':
      return (value) => JSON.stringify(value);
    case 'enum':
      return oneOf(Object.values(def.entries));
    case 'literal':
      return oneOf(def.values);
    case 'nullable': {
      const inner = writerOf(def.innerType, known);
      return (value) => (value === null ? 'null' : inner(value));
    }
    case 'optional': {
      const inner = writerOf(def.innerType, known);
      return (value) => (value === undefined ? undefined : inner(value));
    }
    case 'readonly':
      return writerOf(def.innerType, known);
    case 'array':
      return arrayWriter(writerOf(def.element, known));
    case 'record':
      return def.keyType._zod.def.type === 'string' && !changesValues(def.keyType)
        ? recordWriter(writerOf(def.valueType, known))
        : undefined;
    case 'object':
      return def.catchall ? undefined : objectWriter(def.shape, known);
    case 'union':
      return 'discriminator' in def
        ? discriminatedWriter(String(def.discriminator), def.options, known)
        : undefined;
    default:
      return undefined;
  }
}

/** Longer ones are left to JSON.stringify, which then is the faster one. */
const SHORT = 60;
const [SPACE, QUOTE, BACKSLASH, TILDE] = [32, 34, 92, 126];

function writeString(value: unknown): string {
  if (typeof value !== 'string') return unfit();
  const { length } = value;
  if (length > SHORT) return JSON.stringify(value);
  for (let index = 0; index < length; index += 1) {
    const unit = value.charCodeAt(index);
    if (unit < SPACE || unit > TILDE || unit === QUOTE || unit === BACKSLASH) return JSON.stringify(value);
  }
  return `"${value}"`;
}

function writeNumber(value: unknown): string {
  return typeof value === 'number' && Number.isFinite(value) ? `${value}` : unfit();
}

function oneOf(values: readonly unknown[]): Write | undefined {
  if (!values.every((value) => value === null || ['string', 'number', 'boolean'].includes(typeof value))) return;
  const written = new Map(values.map((value) => [value, JSON.stringify(value)]));
  return (value) => written.get(value) ?? unfit();
}

function arrayWriter(element: Write): Write {
  return (value) => {
    if (!Array.isArray(value)) return unfit();
    let json = '[';
    for (let index = 0; index < value.length; index += 1) {
      if (index > 0) json += ',';
      json += element(value[index]) ?? 'null';
    }
    return `${json}]`;
  };
}

function recordWriter(write: Write): Write {
  return (value) => {
    if (!isPlain(value)) return unfit();
    let json = '';
    for (const key of Object.keys(value)) {
      if (key === '__proto__') continue;
      const written = write(value[key]);
      if (written !== undefined) json += `${json === '' ? '' : ','}${writeString(key)}:${written}`;
    }
    return `{${json}}`;
  };
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return z.core.util.isPlainObject(value);
}

/**
 * Compiled, as reading fields by names that the engine sees is three times as fast as by those of a list. What is
 * compiled holds nothing of a schema but the names of its fields, as JSON.
 */
function objectWriter(shape: z.core.$ZodShape, known: Known): Write {
  const names = Object.keys(shape);
  const writers = names.map((name) => writerOf(shape[name] as z.core.$ZodType, known));
  const lines = names.map((name, index) => {
    const key = JSON.stringify(name);
    return [
      `  field = given[${key}];`,
      `  if (field !== undefined || ${whenMissing(shape[name] as z.core.$ZodType, key)}) {`,
      `    written = write${index}(field);`,
      `    if (written !== undefined) json += (json === '' ? '' : ',') + ${JSON.stringify(`${key}:`)} + written;`,
      '  }',
    ].join('\n');
  });
  const parameters = names.map((_name, index) => `write${index}`);
  const body = [
    'return (given) => {',
    "  if (typeof given !== 'object' || given === null || Array.isArray(given)) unfit();",
    "  let json = '', field, written;",
    ...lines,
    "  return '{' + json + '}';",
    '};',
  ].join('\n');
  return new Function('unfit', ...parameters, body)(unfit, ...writers);
}

/** On what a field without a value is written, as zod has it: some may be missing, and some are put in. */
function whenMissing({ _zod: { optin, optout } }: z.core.$ZodType, key: string): string {
  if (optin === undefined) return `${key} in given || unfit()`;
  return optin === 'optional' && optout === 'optional' ? `${key} in given` : 'true';
}

function discriminatedWriter(
  discriminator: string,
  options: readonly z.core.$ZodType[],
  known: Known,
): Write | undefined {
  const writers = new Map<unknown, Write>();
  for (const option of options) {
    const values = option._zod.propValues?.[discriminator];
    if (!values) return undefined;
    for (const value of values) {
      if (!writers.has(value)) writers.set(value, writerOf(option, known));
    }
  }
  return (value) => {
    if (typeof value !== 'object' || value === null) return unfit();
    return (writers.get((value as Record<string, unknown>)[discriminator]) ?? unfit)(value);
  };
}
