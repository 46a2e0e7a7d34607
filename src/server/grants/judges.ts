// Judges of values, one for each keyword of compile-schema.ts. Every judge demands the type that it is about, and
// `not` turns round only what is of it: an input that is otherwise never fits by accident. Pure.
import { RE2JS } from 're2js';
import { compareDecimals, type Decimal, decimalOf, isMultiple, isWhole, writeDecimal } from '../../lib/decimal.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { type CompiledSchema, type Judge, type Misfit, type Parts, Unsupported } from './compiled-schema.ts';
import { givenNames, isPlainObject, isSame, isSpent, numberIn } from './values.ts';

interface About {
  /** Null: any. */
  types: readonly string[] | null;
  /** Those that `type` names; null: it is not there. */
  given: readonly string[] | null;
  /** Whether a string of digits is a number there. */
  digits: boolean;
  /** For messages of what is refused. */
  where: string;
}

/** All that one schema demands of a value. @throws Unsupported: a keyword's value is not of its kind */
export function judgeOf(schema: Record<string, unknown>, parts: Parts, about: About): Judge {
  const judges = [
    typeJudge(about),
    ...choiceJudges(schema, about),
    ...numberJudges(schema, about),
    ...textJudges(schema, about),
    ...listJudges(schema, parts, about),
    ...objectJudges(schema, parts, about),
    ...logicJudges(parts),
  ];
  return (value, at, patience) => {
    if (isSpent(patience)) return wrongType(at, 'is more than is looked at');
    for (const judge of judges) {
      const misfit = judge(value, at, patience);
      if (misfit) return misfit;
    }
    return null;
  };
}

const wrongType = (at: string, why: string, isUnsure = true): Misfit => ({ at, why, isWrongType: true, isUnsure });
const misfit = (at: string, why: string): Misfit => ({ at, why, isWrongType: false, isUnsure: false });

function typeJudge({ types, given, digits }: About): Judge {
  return (value, at) => {
    if (value === undefined || value === null) return wrongType(at, 'is missing');
    if (types === null || types.some((type) => isOf(type, value, digits))) return null;
    const isUnsure = given === null || given.some((type) => isOf(type, value, digits));
    return wrongType(at, `is no ${types.join(' or ')}`, isUnsure);
  };
}

function isOf(type: string, value: unknown, digits: boolean): boolean {
  if (type === 'array') return Array.isArray(value);
  if (type === 'object') return isPlainObject(value);
  if (type === 'number' || type === 'integer') {
    const number = numberIn(value, digits);
    return number !== null && (type === 'number' || isWhole(number));
  }
  return typeof value === type;
}

function choiceJudges(schema: Record<string, unknown>, { digits, where }: About): Judge[] {
  const judges: Judge[] = [];
  if ('const' in schema) judges.push(choiceJudge([schema['const']], digits));
  if (!('enum' in schema)) return judges;
  const choices = schema['enum'];
  if (!Array.isArray(choices) || choices.length === 0) throw new Unsupported(`${where}: enum is a list of values`);
  return [...judges, choiceJudge(choices, digits)];
}

function choiceJudge(choices: readonly unknown[], digits: boolean): Judge {
  // Most lists are of text, and may be long.
  const texts = new Set(choices.filter((choice) => typeof choice === 'string'));
  const others = choices.filter((choice) => typeof choice !== 'string' || digits);
  return (value, at) => {
    if (typeof value === 'string' && texts.has(value)) return null;
    return others.some((choice) => isSame(choice, value, digits))
      ? null
      : misfit(at, 'is none of the values allowed');
  };
}

/** Null: the schema does not have the keyword. */
function numberOf(schema: Record<string, unknown>, word: string, where: string): Decimal | null {
  if (!(word in schema)) return null;
  const value = schema[word];
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new Unsupported(`${where}: ${word} is a number`);
  return decimalOf(value);
}

function numberJudges(schema: Record<string, unknown>, { digits, where }: About): Judge[] {
  const compared = (word: string, holds: (order: number) => boolean, says: string): Judge[] => {
    const edge = numberOf(schema, word, where);
    if (edge === null) return [];
    return [
      (value, at) => {
        const number = numberIn(value, digits);
        if (number === null) return wrongType(at, 'is no number');
        return holds(compareDecimals(number, edge)) ? null : misfit(at, `is ${says} ${writeDecimal(edge)}`);
      },
    ];
  };
  const step = numberOf(schema, 'multipleOf', where);
  if (step !== null && step.units <= 0n) throw new Unsupported(`${where}: multipleOf is above zero`);
  const multiple: Judge = (value, at) => {
    const number = numberIn(value, digits);
    if (number === null || step === null) return wrongType(at, 'is no number');
    return isMultiple(number, step) ? null : misfit(at, `is no multiple of ${writeDecimal(step)}`);
  };
  return [
    ...compared('minimum', (order) => order >= 0, 'less than'),
    ...compared('maximum', (order) => order <= 0, 'more than'),
    ...compared('exclusiveMinimum', (order) => order > 0, 'not more than'),
    ...compared('exclusiveMaximum', (order) => order < 0, 'not less than'),
    ...(step === null ? [] : [multiple]),
  ];
}

/** @param count null: it is of another type */
function countJudges(
  schema: Record<string, unknown>,
  [least, most]: readonly [string, string],
  { where, what }: { where: string; what: string },
  count: (value: unknown) => number | null,
): Judge[] {
  return [least, most].flatMap((word) => {
    if (!(word in schema)) return [];
    const bound = schema[word];
    if (typeof bound !== 'number' || !Number.isInteger(bound) || bound < 0)
      throw new Unsupported(`${where}: ${word} is a whole number`);
    return [
      (value, at) => {
        const counted = count(value);
        if (counted === null) return wrongType(at, `has no ${what}`);
        const fits = word === least ? counted >= bound : counted <= bound;
        return fits ? null : misfit(at, `has ${word === least ? 'fewer' : 'more'} than ${bound} ${what}`);
      },
    ] satisfies Judge[];
  });
}

function textJudges(schema: Record<string, unknown>, { where }: About): Judge[] {
  const length = (value: unknown) => {
    if (typeof value !== 'string') return null;
    let count = 0;
    for (const _character of value) count += 1;
    return count;
  };
  const judges = countJudges(schema, ['minLength', 'maxLength'], { where, what: 'characters' }, length);
  return 'pattern' in schema ? [...judges, patternJudge(schema['pattern'], where)] : judges;
}

function patternJudge(pattern: unknown, where: string): Judge {
  if (typeof pattern !== 'string' || pattern.length > LIMITS.limitPatternLength)
    throw new Unsupported(`${where}: pattern is a text of at most ${LIMITS.limitPatternLength} characters`);
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(RE2JS.translateRegExp(pattern));
  } catch (error) {
    throw new Unsupported(
      `${where}: pattern is written as RE2 has it, without look-around or back-references: ${(error as Error).message}`,
    );
  }
  return (value, at) => {
    if (typeof value !== 'string') return wrongType(at, 'is no text');
    if (value.length > LIMITS.limitTextLength) return wrongType(at, 'is longer than a pattern is looked for in');
    return compiled.matcher(value).find() ? null : misfit(at, 'does not fit the pattern');
  };
}

function listJudges(schema: Record<string, unknown>, { items, prefixItems }: Parts, { where }: About): Judge[] {
  const length = (value: unknown) => (Array.isArray(value) ? value.length : null);
  const judges = countJudges(schema, ['minItems', 'maxItems'], { where, what: 'items' }, length);
  const [rest] = items;
  if (!rest && prefixItems.length === 0) return judges;
  const each: Judge = (value, at, patience) => {
    if (!Array.isArray(value)) return wrongType(at, 'is no list');
    for (const [index, item] of value.entries()) {
      const wrong = (prefixItems[index] ?? rest)?.judge(item, `${at}/${index}`, patience);
      if (wrong) return wrong;
    }
    return null;
  };
  return [...judges, each];
}

function objectJudges(
  schema: Record<string, unknown>,
  { properties, additionalProperties }: Parts,
  { where }: About,
): Judge[] {
  const length = (value: unknown) => (isPlainObject(value) ? givenNames(value).length : null);
  const judges = countJudges(schema, ['minProperties', 'maxProperties'], { where, what: 'fields' }, length);
  const names = Object.keys((schema['properties'] ?? {}) as object);
  const required = (schema['required'] ?? []) as string[];
  const [others] = additionalProperties;
  const fields: Judge = (value, at, patience) => {
    if (!isPlainObject(value)) return wrongType(at, 'is no object');
    const of = (name: string) => (Object.hasOwn(value, name) ? value[name] : undefined);
    const missing = required.find((name) => of(name) === undefined || of(name) === null);
    if (missing !== undefined) return wrongType(`${at}/${missing}`, 'is missing');
    for (const [index, name] of names.entries()) {
      const wrong = properties[index]?.judge(of(name), `${at}/${name}`, patience);
      if (wrong) return wrong;
    }
    if (!others) return null;
    for (const name of givenNames(value)) {
      const wrong = names.includes(name) ? null : others.judge(value[name], `${at}/${name}`, patience);
      if (wrong) return wrong;
    }
    return null;
  };
  return [...judges, ...(names.length > 0 || required.length > 0 || others ? [fields] : [])];
}

function logicJudges({ allOf, anyOf, oneOf, not, when, whenHolds, otherwise }: Parts): Judge[] {
  const [refused] = not;
  const [condition] = when;
  return [
    ...allOf.map(({ judge }) => judge),
    ...(anyOf.length > 0 ? [branchJudge(anyOf, (count) => count > 0)] : []),
    ...(oneOf.length > 0 ? [branchJudge(oneOf, (count, unsure) => count === 1 && !unsure)] : []),
    ...(refused ? [notJudge(refused)] : []),
    ...(condition ? [conditionJudge(condition, whenHolds[0], otherwise[0])] : []),
  ];
}

function branchJudge(
  branches: readonly CompiledSchema[],
  holds: (count: number, unsure: boolean) => boolean,
): Judge {
  return (value, at, patience) => {
    const misfits = branches.map(({ judge }) => judge(value, at, patience));
    const wrong = misfits.filter((each) => each !== null);
    const isUnsure = wrong.some((each) => each.isUnsure);
    if (holds(misfits.length - wrong.length, isUnsure)) return null;
    const isWrongType = wrong.some((each) => each.isWrongType);
    const only = branches.length === 1 && wrong[0];
    return { at, why: 'fits none of what is allowed', ...only, isWrongType, isUnsure };
  };
}

function notJudge({ judge }: CompiledSchema): Judge {
  return (value, at, patience) => {
    const wrong = judge(value, at, patience);
    if (wrong === null) return misfit(at, 'is what is not allowed');
    return wrong.isWrongType ? { ...wrong, isUnsure: true } : null;
  };
}

function conditionJudge(
  { judge }: CompiledSchema,
  then: CompiledSchema | undefined,
  otherwise: CompiledSchema | undefined,
): Judge {
  return (value, at, patience) => {
    const wrong = judge(value, at, patience);
    if (wrong?.isWrongType) return { ...wrong, isUnsure: true };
    return (wrong === null ? then : otherwise)?.judge(value, at, patience) ?? null;
  };
}
