// JSON Schema 2020-12 by Ajv: whether a schema is one that Seed takes, and whether a value fits it. Runs in the
// worker of checks.ts alone, since both come from outside and could keep a processor busy. Nothing is fetched.
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { RE2JS } from 're2js';
import { isDeeperThan, isRecord, parseJson } from '../../../lib/json.ts';
import { LIMITS } from '../../../protocol/limits.ts';
import type { OutputVerdict } from '../../../protocol/output.ts';
import { doubtOf } from './doubt.ts';

/** Why the schema is not taken, for whoever wrote it. */
export class Refused extends Error {}

export interface Judge {
  /** @param json of the value. @returns what is wrong with it, and what makes it look as if it were none */
  judge(json: string): OutputVerdict;
}

const DIALECT = /^https?:\/\/json-schema\.org\/draft\/2020-12\/schema#?$/;
/** Ajv's exports are CommonJS's, of which types and Node see different things. */
const addFormats = formats as unknown as (ajv: Ajv2020) => void;
const COMMON = { strict: false, logger: false, allErrors: true, validateFormats: true } as const;
const ofSchemas = addedFormats(new Ajv2020(COMMON));

/** @throws Refused */
export function judgeOf(schemaText: string): Judge {
  const schema = parseJson(schemaText);
  if (!isRecord(schema)) throw new Refused('it is no object');
  const { $schema } = schema;
  if ($schema !== undefined && !DIALECT.test(String($schema)))
    throw new Refused(`its $schema is ${JSON.stringify($schema)}: JSON Schema 2020-12 is what Seed takes`);
  if (schema['type'] !== 'object') throw new Refused('its root is not {"type": "object"}');
  if (!ofSchemas.validateSchema(schema)) {
    const [error] = ofSchemas.errors ?? [];
    throw new Refused(
      `it is not valid JSON Schema 2020-12: ${error ? problemIn(error) : 'for an unknown reason'}`,
    );
  }
  const validate = compiled(schema);
  return {
    judge(json) {
      const value = parseJson(json);
      const problem = problemOf(value, json, validate);
      return { problem, doubt: problem === null ? doubtOf(value, schema) : null };
    },
  };
}

/** One Ajv a schema: what one names by `$id` must not be another's to refer to. */
function compiled(schema: Record<string, unknown>): ValidateFunction {
  const ajv = addedFormats(
    new Ajv2020({
      ...COMMON,
      meta: false,
      validateSchema: false,
      code: { regExp: Object.assign(patternOf, RE2) },
    }),
  );
  try {
    const { $schema: _, ...rest } = schema;
    const validate = ajv.compile(rest);
    if ('$async' in validate) throw new Refused('it has $async, which is no word of JSON Schema');
    // A schema that refers to itself without getting any further shows at once.
    validate({});
    return validate;
  } catch (error) {
    if (error instanceof Refused) throw error;
    if (error instanceof RangeError)
      throw new Refused('it refers to itself without an end, or is nested too deep');
    const { message } = error as Error;
    const missing = (error as { missingRef?: unknown }).missingRef;
    if (typeof missing === 'string')
      throw new Refused(`it refers to ${JSON.stringify(missing)}, which is not within it: nothing is fetched`);
    throw new Refused(message);
  }
}

function addedFormats(ajv: Ajv2020): Ajv2020 {
  addFormats(ajv);
  return ajv;
}

const RE2 = { code: 're2' };

/**
 * Patterns are looked for in linear time, by RE2. What RE2 cannot express (look-around, back-references; Zod
 * writes an address of e-mail so) is left to the engine of JavaScript, and to the time that a check has.
 */
function patternOf(pattern: string, flags: string) {
  const native = new RegExp(pattern, flags);
  const looksFor = linear(pattern) ?? ((text: string) => native.test(text));
  return { test: looksFor, toString: () => String(native) };
}

function linear(pattern: string): ((text: string) => boolean) | null {
  try {
    const compiled = RE2JS.compile(RE2JS.translateRegExp(pattern));
    return (text) => compiled.matcher(text).find();
  } catch {
    return null;
  }
}

/** Null: it fits. */
function problemOf(value: unknown, json: string, validate: ValidateFunction): string | null {
  if (value === undefined) return 'it is no JSON';
  if (!isRecord(value)) return 'it is no object';
  if (Buffer.byteLength(json) > LIMITS.outputBytes) return `it is larger than ${LIMITS.outputBytes} bytes`;
  if (isDeeperThan(LIMITS.inputDepth, value)) return `it is nested deeper than ${LIMITS.inputDepth} levels`;
  const unkept = notKept(value, '');
  if (unkept !== null) return unkept;
  try {
    if (validate(value)) return null;
  } catch (error) {
    if (error instanceof RangeError) return 'the schema refers to itself without an end';
    throw error;
  }
  return said(validate.errors ?? []);
}

/** What JSON can say and Seed could only keep changed. */
function notKept(value: unknown, path: string): string | null {
  if (typeof value === 'number' && !Number.isFinite(value)) return `${placed(path)} is too large for a number`;
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value))
    return `${placed(path)} is a whole number beyond 2^53, which readers of JSON round: give fewer digits, or a string`;
  if (typeof value === 'string') return isKept(value) ? null : `${placed(path)} ${NOT_KEPT}`;
  if (typeof value !== 'object' || value === null) return null;
  for (const [name, inner] of Object.entries(value)) {
    if (!isKept(name)) return `the name of a field of ${placed(path)} ${NOT_KEPT}`;
    const problem = notKept(inner, `${path}/${escaped(name)}`);
    if (problem !== null) return problem;
  }
  return null;
}

const NOT_KEPT = 'has a NUL character or half of a surrogate pair: leave it out';
const isKept = (text: string) => text.isWellFormed() && !text.includes('\0');
/** As RFC 6901 has it. */
const escaped = (name: string) => name.replaceAll('~', '~0').replaceAll('/', '~1');
const placed = (path: string) => (path === '' ? 'the answer' : path);

const PROBLEMS_MOST = 10;
/** They only say that something within them does not fit, which is said, too. */
const AROUND = new Set(['if', 'allOf', '$ref', '$dynamicRef', 'properties']);

function said(errors: readonly ErrorObject[]): string {
  const telling = errors.filter(({ keyword }) => !AROUND.has(keyword));
  const problems = [...new Set((telling.length > 0 ? telling : errors).map(problemIn))];
  const more = problems.length > PROBLEMS_MOST ? `; and ${problems.length - PROBLEMS_MOST} more` : '';
  return `${problems.slice(0, PROBLEMS_MOST).join('; ')}${more}`;
}

const VALUES_LENGTH = 200;

function problemIn({ instancePath, keyword, message = keyword, params }: ErrorObject): string {
  const { allowedValues, allowedValue, additionalProperty, unevaluatedProperty } = params as Record<
    string,
    unknown
  >;
  const allowed = allowedValues ?? allowedValue;
  const which = allowed ?? additionalProperty ?? unevaluatedProperty;
  const detail = which === undefined ? '' : `: ${cut(JSON.stringify(which))}`;
  return `${placed(cut(instancePath))} ${cut(message)}${detail}`;
}

const cut = (text: string) => (text.length > VALUES_LENGTH ? `${text.slice(0, VALUES_LENGTH)}…` : text);
