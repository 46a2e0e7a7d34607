// What MCP clients send for a tool's input, made what its schema asks for: models write null for what they leave
// out, and lists and objects as JSON text. All else is left for the command to refuse. Used by mcp-server.ts.
import { isMany, parseExactly } from '../../lib/exact-json.ts';
import { isRecord } from '../../lib/json.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { JsonSchema } from '../../protocol/manifest.ts';

/** @param schema without references */
export function givenInput(input: Record<string, unknown>, schema: JsonSchema): Record<string, unknown> {
  return fieldsOf(input, schema, 0);
}

function read(value: unknown, schema: JsonSchema, depth: number): unknown {
  // Nobody's command takes more, and it says so.
  if (depth > LIMITS.inputDepth) return value;
  if (typeof value === 'string') return fromJsonText(value, schema, depth);
  if (Array.isArray(value)) {
    const items = variantsOf(schema, 'array').map((variant) => variant.items);
    const [only] = items;
    return items.length === 1 && isRecord(only) ? value.map((item) => read(item, only, depth + 1)) : value;
  }
  if (!isRecord(value) || !isMany(value)) return value;
  const objects = variantsOf(schema, 'object');
  const [only] = objects;
  return objects.length === 1 && only ? fieldsOf(value, only, depth) : value;
}

function fieldsOf(given: Record<string, unknown>, schema: JsonSchema, depth: number): Record<string, unknown> {
  const { properties, required } = wholeObject(schema);
  const fields: Record<string, unknown> = Object.create(null);
  for (const [name, value] of Object.entries(given)) {
    const of = Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (of === undefined) fields[name] = value;
    else if (value === null && !required.has(name) && !typesOf(of).has('null')) continue;
    else fields[name] = read(value, of, depth + 1);
  }
  return fields;
}

/** With what `allOf` adds to it. */
function wholeObject({ properties = {}, required = [], allOf }: JsonSchema) {
  const whole = { properties: { ...properties }, required: new Set(required) };
  for (const part of Array.isArray(allOf) ? allOf.filter(isRecord) : []) {
    const more = wholeObject(part);
    whole.properties = { ...more.properties, ...whole.properties };
    for (const name of more.required) whole.required.add(name);
  }
  return whole;
}

function fromJsonText(text: string, schema: JsonSchema, depth: number): unknown {
  const types = typesOf(schema);
  if (types.has('string') || !(types.has('array') || types.has('object'))) return text;
  if (!/^\s*[[{]/.test(text)) return text;
  const value = parseExactly(text);
  const kind = Array.isArray(value) ? 'array' : typeof value;
  return value !== undefined && types.has(kind) ? read(value, schema, depth) : text;
}

const ALL_TYPES: ReadonlySet<string> = new Set([
  'null',
  'boolean',
  'integer',
  'number',
  'string',
  'array',
  'object',
]);

/** What it may be, as far as its words tell; of one that tells nothing: anything. */
function typesOf(schema: JsonSchema): ReadonlySet<string> {
  const { type, anyOf, oneOf, allOf } = schema;
  let types = type === undefined ? ALL_TYPES : new Set([type].flat());
  const narrow = (to: ReadonlySet<string>) => {
    types = new Set([...types].filter((each) => to.has(each)));
  };
  if ('const' in schema) narrow(new Set([typeOf(schema['const'])]));
  if (Array.isArray(schema.enum)) narrow(new Set(schema.enum.map(typeOf)));
  for (const union of [anyOf, oneOf])
    if (Array.isArray(union)) narrow(new Set(union.filter(isRecord).flatMap((each) => [...typesOf(each)])));
  for (const part of Array.isArray(allOf) ? allOf.filter(isRecord) : []) narrow(typesOf(part));
  return types;
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

/** The alternatives that may be of this type; the schema itself where it has none. */
function variantsOf(schema: JsonSchema, type: string): JsonSchema[] {
  const union = [schema['anyOf'], schema['oneOf']].find(Array.isArray) as unknown[] | undefined;
  const variants = union?.filter(isRecord) ?? [schema];
  return variants.filter((variant) => typesOf(variant).has(type));
}
