// The part of JSON Schema 2020-12 in which limits speak of inputs, compiled against what the command takes. Its
// keywords are told in docs/grants.md; others are refused. Other than in JSON Schema, a keyword also demands the
// type that it is about. Patterns are RE2's, which cannot backtrack. Called by compile-limit.ts. Pure.
import { isRecord } from '../../lib/json.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { type Bounds, boundsIn, boundsProblem, meetBounds } from './bounds.ts';
import { type CompiledSchema, type Judge, type Parts, Unsupported } from './compiled-schema.ts';
import { judgeOf } from './judges.ts';
import { ANYWHERE, EACH, type Place, placeAt, pointerOf, type Step, takesDigits, typesAt } from './places.ts';

const ANNOTATIONS = ['$schema', '$comment', 'title', 'description', 'examples', 'default', 'deprecated', '$defs'];
const BY_TYPE: Record<string, readonly string[]> = {
  number: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
  string: ['minLength', 'maxLength', 'pattern'],
  array: ['items', 'prefixItems', 'minItems', 'maxItems'],
  object: ['properties', 'required', 'additionalProperties', 'minProperties', 'maxProperties'],
};
const LOGIC = ['type', 'enum', 'const', 'allOf', 'anyOf', 'oneOf', 'not', 'if', 'then', 'else', '$ref'];
const KEYWORDS = [...ANNOTATIONS, ...Object.values(BY_TYPE).flat(), ...LOGIC];
const DIALECT = 'https://json-schema.org/draft/2020-12/schema';

/** Where in the input a schema speaks, and how much of one may still be compiled. */
interface Compiling {
  place: Place;
  steps: readonly Step[];
  defs: Record<string, unknown>;
  budget: { nodes: number };
  depth: number;
}

/** @throws Unsupported */
export function compileSchema(schema: unknown, place: Place): CompiledSchema {
  const defs = isRecord(schema) && isRecord(schema['$defs']) ? schema['$defs'] : {};
  const budget = { nodes: LIMITS.limitSchemas };
  return compileNode(schema, { place, steps: [], defs, budget, depth: 0 });
}

/** @throws Unsupported */
function compileNode(schema: unknown, at: Compiling): CompiledSchema {
  at.budget.nodes -= 1;
  if (at.budget.nodes < 0) throw new Unsupported(`it has more than ${LIMITS.limitSchemas} schemas`);
  if (at.depth > LIMITS.limitDepth) throw new Unsupported(`it is nested more than ${LIMITS.limitDepth} deep`);
  if (schema === true) return { judge: () => null, named: [], never: null, bounds: {} };
  if (schema === false) {
    const judge: Judge = (_value, where) => ({
      at: where,
      why: 'nothing is allowed there',
      isWrongType: false,
      isUnsure: false,
    });
    return { judge, named: [], never: `${told(at)}: nothing is allowed there`, bounds: {} };
  }
  if (!isRecord(schema)) throw new Unsupported(`${told(at)}: a schema is an object, true or false`);
  refuseUnknown(schema, at);
  const types = wantedTypes(schema, at);
  const parts = partsOf(schema, at);
  const digits = takesDigits(at.place);
  const given = 'type' in schema ? [schema['type']].flat().map(String) : null;
  const judge = judgeOf(schema, parts, { types, given, digits, where: told(at) });
  const named = [
    ...namedBy(schema, at),
    ...Object.values(parts)
      .flat()
      .flatMap((part) => part.named),
  ];
  const own = boundsIn(schema);
  const bounds = meetBounds([own, ...parts.allOf.map((part) => part.bounds)]);
  return { judge, named, never: neverOf(schema, at, { types, digits, parts, bounds, judge }), bounds };
}

const told = ({ steps }: Compiling) => pointerOf(steps) || 'the input';

function refuseUnknown(schema: Record<string, unknown>, at: Compiling): void {
  const unknown = Object.keys(schema).find((word) => !KEYWORDS.includes(word));
  if (unknown !== undefined) {
    const known = KEYWORDS.filter((word) => !ANNOTATIONS.includes(word)).join(', ');
    throw new Unsupported(`${told(at)}: "${unknown.slice(0, 100)}" is not supported; there are ${known}`);
  }
  const dialect = schema['$schema'];
  if (dialect !== undefined && String(dialect).replace(/#$/, '') !== DIALECT)
    throw new Unsupported('$schema: it is read as JSON Schema 2020-12');
}

const TYPES = ['string', 'number', 'integer', 'boolean', 'array', 'object'];

/** The types that a value has to be of, `integer` among them; null: the schema does not say. */
function wantedTypes(schema: Record<string, unknown>, at: Compiling): string[] | null {
  const { type } = schema;
  const given = type === undefined ? null : [type].flat();
  const wrong = given?.find((each) => !TYPES.includes(String(each)) && each !== 'null');
  if (wrong !== undefined || given?.length === 0)
    throw new Unsupported(`${told(at)}: type is one of ${TYPES.join(', ')}`);
  const implied = Object.entries(BY_TYPE).filter(([, words]) => words.some((word) => word in schema));
  let types = given === null ? null : (given.filter((each) => each !== 'null') as string[]);
  for (const [name] of implied) {
    const fits = (each: string) => each === name || (name === 'number' && each === 'integer');
    types = types === null ? [name] : types.filter(fits);
  }
  return types;
}

function partsOf(schema: Record<string, unknown>, at: Compiling): Parts {
  const here = (inner: unknown) => compileNode(inner, { ...at, depth: at.depth + 1 });
  const below = (inner: unknown, step: Step) =>
    compileNode(inner, {
      ...at,
      depth: at.depth + 1,
      steps: [...at.steps, step],
      place: placeAt(at.place, step) ?? ANYWHERE,
    });
  const one = (word: string, make: (inner: unknown) => CompiledSchema = here) =>
    word in schema ? [make(schema[word])] : [];
  const list = (word: string, make: (inner: unknown, index: number) => CompiledSchema) => {
    if (!(word in schema)) return [];
    const inner = schema[word];
    if (!Array.isArray(inner) || inner.length === 0)
      throw new Unsupported(`${told(at)}: ${word} is a list of schemas`);
    return inner.map(make);
  };
  const { properties = {} } = schema;
  if (!isRecord(properties)) throw new Unsupported(`${told(at)}: properties is an object of schemas`);
  const reference = '$ref' in schema ? [here(referred(schema['$ref'], at))] : [];
  // What other names lead to is of no one place.
  const anywhere = (inner: unknown) => compileNode(inner, { ...at, depth: at.depth + 1, place: ANYWHERE });
  const additional = one('additionalProperties', anywhere).map((part) => ({ ...part, named: [] }));
  if (isRecord(schema['additionalProperties']) && anywhere(schema['additionalProperties']).named.length > 0)
    throw new Unsupported(`${told(at)}: additionalProperties may not name fields`);
  return {
    allOf: [...list('allOf', here), ...reference],
    anyOf: list('anyOf', here),
    oneOf: list('oneOf', here),
    not: one('not'),
    when: one('if'),
    whenHolds: one('then'),
    otherwise: one('else'),
    items: one('items', (inner) => below(inner, EACH)),
    prefixItems: list('prefixItems', (inner, index) => below(inner, String(index))),
    properties: Object.entries(properties).map(([name, inner]) => below(inner, name)),
    additionalProperties: additional,
  };
}

function referred(ref: unknown, at: Compiling): unknown {
  const [, name] = /^#\/\$defs\/([^/~%]+)$/.exec(String(ref)) ?? [];
  if (name === undefined || !Object.hasOwn(at.defs, name))
    throw new Unsupported(`${told(at)}: $ref leads to #/$defs/<name> of the same schema, and nowhere else`);
  return at.defs[name];
}

/** Where the schema speaks, and the fields that it demands. */
function namedBy(schema: Record<string, unknown>, at: Compiling): Step[][] {
  const { properties = {}, required = [], prefixItems = [] } = schema;
  if (!Array.isArray(required) || required.some((name) => typeof name !== 'string'))
    throw new Unsupported(`${told(at)}: required is a list of names`);
  const names = [...new Set([...Object.keys(properties as object), ...(required as string[])])];
  const places = [...names, ...(prefixItems as unknown[]).map((_, index) => String(index))];
  return places.map((name) => [...at.steps, name]);
}

interface Known {
  types: string[] | null;
  digits: boolean;
  parts: Parts;
  bounds: Bounds;
  judge: Judge;
}

function neverOf(
  schema: Record<string, unknown>,
  at: Compiling,
  { types, digits, parts, bounds, judge }: Known,
): string | null {
  const where = told(at);
  if (types?.length === 0) return `${where}: no value is of all the types that are asked for; null never fits`;
  const taken = typesAt(at.place);
  const asked = types?.map((type) => (type === 'integer' ? 'number' : type));
  if (asked && taken && !asked.some((type) => taken.has(type)))
    return `${where}: the command takes ${[...taken].join(' or ') || 'nothing'} there, not ${asked.join(' or ')}`;
  const problem = boundsProblem(bounds, types) ?? placeProblem(bounds, at.place);
  if (problem !== null) return `${where}: ${problem}`;
  const choices = 'const' in schema ? [schema['const']] : schema['enum'];
  if (Array.isArray(choices)) {
    const patience = { left: LIMITS.limitSteps };
    const can = choices.some(
      (choice) => choice !== null && judge(choice, '', patience) === null && isTaken(choice, at.place, digits),
    );
    if (!can) return `${where}: none of the values can be there`;
  }
  const { allOf, anyOf, oneOf, not, items, prefixItems, properties } = parts;
  const least = bounds.items?.least;
  const inner = [...allOf, ...prefixItems, ...properties, ...(least ? items : [])].find((part) => part.never);
  if (inner) return inner.never;
  for (const branches of [anyOf, oneOf])
    if (branches.length > 0 && branches.every((part) => part.never)) return branches[0]?.never ?? null;
  const { not: refused } = schema;
  if (not.length > 0 && (refused === true || (isRecord(refused) && Object.keys(refused).length === 0)))
    return `${where}: not {} fits nothing`;
  return strayProblem(schema, at);
}

/** Whether the command would take the value there, as far as its choices and types say. */
function isTaken(value: unknown, place: Place, digits: boolean): boolean {
  if (place.forms === null) return true;
  const types = typesAt(place);
  const type = Array.isArray(value) ? 'array' : typeof value;
  if (types && !types.has(type) && !(digits && type === 'number')) return false;
  return place.forms.some((form) => {
    const choices = 'const' in form ? [form['const']] : form.enum;
    return choices === undefined || choices.some((choice) => String(choice) === String(value));
  });
}

/** Bounds that the command's own leave no value of. */
function placeProblem(bounds: Bounds, { forms }: Place): string | null {
  const [only] = forms ?? [];
  if (!only || forms?.length !== 1) return null;
  const problem = boundsProblem(meetBounds([bounds, boundsIn(only)]), null);
  return problem === null || boundsProblem(boundsIn(only), null) !== null
    ? null
    : `with what the command takes, ${problem}`;
}

/** A field that the command demands and that the limit leaves no room for. */
function strayProblem(schema: Record<string, unknown>, at: Compiling): string | null {
  if (schema['additionalProperties'] !== false) return null;
  const names = Object.keys((schema['properties'] ?? {}) as object);
  const demanded = [
    ...((schema['required'] ?? []) as string[]),
    ...(at.place.forms?.length === 1 ? (at.place.forms[0]?.required ?? []) : []),
  ];
  const stray = demanded.find((name) => !names.includes(name));
  return stray === undefined ? null : `${told(at)}: "${stray}" must be there, and additionalProperties forbids it`;
}
