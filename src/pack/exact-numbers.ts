// Numbers of a platform, which Seed shows as strings of digits: made numbers on the way there, and text on the way
// back. Where a schema says nothing, a number stays one as long as JavaScript holds it. Pure.
import { exactNumber, holdsExactly, isMany, parseExactly, parseNumbers } from '../lib/exact-json.ts';
import { isRecord } from '../lib/json.ts';
import type { Definitions } from '../openapi/schema.ts';
import { formsOf, isExact, isNumeric, plainOf, typesIn } from '../openapi/schema-views.ts';
import type { JsonSchema } from '../protocol/manifest.ts';
import { isDigits } from './judge-input.ts';

/** Of a place with one schema: an answer may have thousands of values there. */
const places = new WeakMap<JsonSchema, JsonSchema[]>();

/** All that a value at this place may be, unions taken apart. */
function possible(schemas: readonly JsonSchema[], definitions: Definitions): JsonSchema[] {
  const [only] = schemas;
  if (only === undefined || schemas.length > 1) return unfolded(schemas, definitions);
  const nodes = places.get(only) ?? unfolded(schemas, definitions);
  places.set(only, nodes);
  return nodes;
}

function unfolded(schemas: readonly JsonSchema[], definitions: Definitions): JsonSchema[] {
  const found = new Set<JsonSchema>();
  const nodes: JsonSchema[] = [];
  const waiting = [...schemas];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    if (found.has(next)) continue;
    found.add(next);
    const node = plainOf(next, definitions);
    nodes.push(node);
    const left = Array.isArray(node['allOf']) ? (node['allOf'] as JsonSchema[]) : [];
    waiting.push(...formsOf(node), ...left.flatMap(formsOf));
  }
  return nodes;
}

function itemsAt(nodes: readonly JsonSchema[], index: number): JsonSchema[] {
  return nodes.flatMap(({ items, prefixItems }): JsonSchema[] => {
    const first = Array.isArray(prefixItems) ? (prefixItems as JsonSchema[])[index] : undefined;
    return first === undefined ? (isRecord(items) ? [items as JsonSchema] : []) : [first];
  });
}

function fieldsAt(nodes: readonly JsonSchema[], name: string): JsonSchema[] {
  return nodes.flatMap(({ properties = {}, additionalProperties }): JsonSchema[] => {
    if (Object.hasOwn(properties, name)) return [properties[name] ?? {}];
    return isRecord(additionalProperties) ? [additionalProperties as JsonSchema] : [];
  });
}

type Leaf = (value: unknown, nodes: readonly JsonSchema[]) => unknown;

function mapLeaves(schemas: readonly JsonSchema[], value: unknown, definitions: Definitions, leaf: Leaf): unknown {
  const nodes = possible(schemas, definitions);
  if (Array.isArray(value))
    return value.map((item, index) => mapLeaves(itemsAt(nodes, index), item, definitions, leaf));
  if (!isMany(value) || value instanceof Digits) return leaf(value, nodes);
  const entries = Object.entries(value).map(
    ([name, inner]) => [name, mapLeaves(fieldsAt(nodes, name), inner, definitions, leaf)] as const,
  );
  return Object.fromEntries(entries);
}

/** @returns the value with numbers where the document has numbers, every digit of them for JSON.stringify */
export function withNumbers(schema: JsonSchema, value: unknown, definitions: Definitions): unknown {
  return mapLeaves([schema], value, definitions, (given, nodes) => {
    if (typeof given !== 'string') return given;
    // What may be text is text.
    const mayBeText = nodes.some((node) => typesIn(node).includes('string'));
    const isNumber = nodes.some((node) => isNumeric(node) && isDigits(node, given));
    return isNumber && !mayBeText ? exactNumber(given) : given;
  });
}

class Digits {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** The JSON of an answer. @returns undefined for what is none */
export function parseAnswer(text: string, schema: JsonSchema | undefined, definitions: Definitions): unknown {
  if (schema === undefined || !mentionsExact(schema, definitions))
    return parseExactly(text, { number: (digits) => digits });
  const parsed = parseNumbers(text, (digits) => new Digits(digits));
  if (parsed === undefined) return undefined;
  return mapLeaves([schema], parsed, definitions, (given, nodes) => {
    if (!(given instanceof Digits)) return given;
    const exact = nodes.filter(isExact);
    if (exact.length > 0)
      return written(
        given.text,
        exact.every((node) => typesIn(node).includes('integer')),
      );
    return holdsExactly(given.text) ? Number(given.text) : given.text;
  });
}

/** Whole numbers without a point; of others every digit as it came: `1.10` may be a price. */
function written(digits: string, isWhole: boolean): string {
  return isWhole && !/^-?\d+$/.test(digits) && holdsExactly(digits) ? String(Number(digits)) : digits;
}

const known = new WeakMap<JsonSchema, boolean>();

/** Whether a number that Seed shows as digits is anywhere in it. */
function mentionsExact(schema: JsonSchema, definitions: Definitions): boolean {
  const told = known.get(schema);
  if (told !== undefined) return told;
  const seen = new Set<string>();
  const waiting: unknown[] = [schema];
  let found = false;
  for (let next = waiting.pop(); next !== undefined && !found; next = waiting.pop()) {
    if (Array.isArray(next)) waiting.push(...next);
    if (!isRecord(next)) continue;
    found = isExact(next);
    const { $ref, ...rest } = next;
    if (typeof $ref === 'string' && !seen.has($ref)) {
      seen.add($ref);
      waiting.push(definitions[$ref.slice('#/$defs/'.length)]);
    }
    waiting.push(...Object.values(rest));
  }
  known.set(schema, found);
  return found;
}
