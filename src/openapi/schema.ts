// A document's schemas as JSON Schema of today, whole: references to what is shared, the dialects of 3.0 and 3.1
// made one. What of them is shown and what is judged is made from these (schema-views.ts). Used by body.ts.
import { isRecord } from '../lib/json.ts';
import type { JsonSchema } from '../protocol/manifest.ts';
import { type Node, nodesOf, type Resolve } from './document.ts';

const DESCRIPTION_LENGTH = 300;
const TYPES: readonly unknown[] = ['string', 'integer', 'number', 'boolean', 'array', 'object', 'null'];
/** Keywords whose value is a schema, a list of them, or one for each name. */
const ONE =
  'items additionalProperties not if then else contains propertyNames unevaluatedProperties unevaluatedItems';
const LISTS = 'allOf anyOf oneOf prefixItems';
const MAPS = 'properties patternProperties dependentSchemas';
/** Kept as they are. */
const PLAIN =
  'const format pattern multipleOf minLength maxLength minItems maxItems uniqueItems minProperties maxProperties ' +
  'minContains maxContains contentMediaType contentEncoding readOnly writeOnly deprecated default dependentRequired';
/** Said beside a reference of what is referred to. */
const ANNOTATIONS = ['readOnly', 'writeOnly', 'deprecated', 'default'];

export const REFERENCE = '#/$defs/';

/** By name, what `{ $ref: '#/$defs/name' }` means. */
export type Definitions = Record<string, JsonSchema>;

export interface Schemas {
  /** What the document says, with references into the definitions; `{}` where it says nothing. */
  read(value: unknown): JsonSchema;
  /** Everything that was referred to so far. */
  definitions: Definitions;
}

export function createSchemas(resolve: Resolve): Schemas {
  const definitions: Definitions = {};
  const names = new Map<Node, string>();
  /** Nodes that are being read: one that holds itself is referred to. */
  const open = new Set<Node>();

  function read(value: unknown): JsonSchema {
    if (value === false) return { not: {} };
    const node = resolve(value);
    if (node === null) return {};
    const { $ref } = value as Node;
    const target = typeof $ref === 'string' ? (resolve({ $ref }) ?? node) : node;
    if (typeof $ref !== 'string' && !open.has(node)) return readInline(node);
    if (isPlain(target)) return readInline(node);
    // Something beside the reference may say more than what it is called.
    if (node !== target && saysMore(value as Node)) return readInline(node);
    return { $ref: referTo(target, $ref), ...(node !== target && annotationsOf(node)) };
  }

  function readInline(node: Node): JsonSchema {
    open.add(node);
    try {
      return convert(node, read);
    } finally {
      open.delete(node);
    }
  }

  function referTo(node: Node, $ref: unknown): string {
    const known = names.get(node);
    if (known !== undefined) return REFERENCE + known;
    const name = freeName($ref ?? node['title'], definitions);
    names.set(node, name);
    // Its place is taken before it is read: it may refer to itself.
    definitions[name] = {};
    definitions[name] = convert(node, read);
    return REFERENCE + name;
  }

  return { read, definitions };
}

/** `#/components/schemas/Pet` → Pet; Pet2 where another is called so. */
function freeName(told: unknown, taken: Definitions): string {
  const last =
    String(told ?? '')
      .split(/[/#]/)
      .at(-1) ?? '';
  const word = last.replace(/\.(json|ya?ml)$/i, '').replace(/~[01]|%[0-9a-f]{2}|[^\w.-]+/gi, '_') || 'Schema';
  const own = word in {} ? `${word}_` : word;
  for (let count = 1; ; count += 1) {
    const name = count === 1 ? own : `${own}${count}`;
    if (!Object.hasOwn(taken, name)) return name;
  }
}

/** Nothing in it that could lead back to it. */
function isPlain(node: Node): boolean {
  return [ONE, LISTS, MAPS].every((words) => words.split(' ').every((word) => !(word in node)));
}

function saysMore(holder: Node): boolean {
  const words = Object.keys(holder).filter(
    (word) => !/^(\$.*|summary|title|description|examples?|x-.*)$/.test(word),
  );
  return words.some((word) => !ANNOTATIONS.includes(word));
}

function annotationsOf(node: Node): JsonSchema {
  const said = Object.fromEntries(ANNOTATIONS.flatMap((word) => (word in node ? [[word, node[word]]] : [])));
  return { ...descriptionOf(node), ...said };
}

function convert(node: Node, read: (value: unknown) => JsonSchema): JsonSchema {
  const schema: JsonSchema = { ...typesOf(node), ...titleOf(node), ...descriptionOf(node) };
  for (const word of PLAIN.split(' ')) if (word in node) schema[word] = node[word];
  Object.assign(schema, boundsOf(node));
  const choices = nodesOf(node['enum']);
  if (choices.length > 0) schema.enum = choices;
  const required = nodesOf(node['required']).filter((name) => typeof name === 'string');
  if (required.length > 0) schema.required = required;
  for (const word of ONE.split(' ')) {
    const value = node[word];
    // Lists of them are `prefixItems` today.
    if (isRecord(value) || (typeof value === 'boolean' && word !== 'items')) {
      schema[word] = typeof value === 'boolean' ? value : read(value);
    }
  }
  for (const word of LISTS.split(' ')) {
    const list = nodesOf(word === 'prefixItems' && Array.isArray(node['items']) ? node['items'] : node[word]);
    if (list.length > 0) schema[word] = list.map(read);
  }
  for (const word of MAPS.split(' ')) {
    const value = node[word];
    if (!isRecord(value)) continue;
    const entries = Object.entries(value).filter(([name]) => name !== '__proto__');
    schema[word] = Object.fromEntries(entries.map(([name, inner]) => [name, read(inner)]));
  }
  const choice = discriminatorOf(node, read);
  if (choice !== null) schema['discriminator'] = choice;
  return node['nullable'] === true ? nullable(schema) : schema;
}

function typesOf(node: Node): JsonSchema {
  const types = [node['type']].flat().filter((type): type is string => TYPES.includes(type));
  const [only] = types;
  if (only === undefined) return impliedType(node);
  return { type: types.length === 1 ? only : types };
}

function impliedType(node: Node): JsonSchema {
  if (isRecord(node['properties']) || isRecord(node['additionalProperties'])) return { type: 'object' };
  if (node['items'] !== undefined || node['prefixItems'] !== undefined) return { type: 'array' };
  const choices = nodesOf(node['enum']);
  return choices.length > 0 && choices.every((each) => typeof each === 'string') ? { type: 'string' } : {};
}

/** 3.0 says beside a bound that it is exclusive, where today the exclusive one has a word of its own. */
function boundsOf(node: Node): JsonSchema {
  const bounds: JsonSchema = {};
  for (const [word, exclusive] of [
    ['minimum', 'exclusiveMinimum'],
    ['maximum', 'exclusiveMaximum'],
  ] as const) {
    if (typeof node[word] === 'number') bounds[node[exclusive] === true ? exclusive : word] = node[word];
    if (typeof node[exclusive] === 'number') bounds[exclusive] = node[exclusive];
  }
  return bounds;
}

function nullable(schema: JsonSchema): JsonSchema {
  const { type } = schema;
  if (typeof type === 'string' && type !== 'null') {
    const choices = schema.enum && !schema.enum.includes(null) ? { enum: [...schema.enum, null] } : {};
    return { ...schema, ...choices, type: [type, 'null'] };
  }
  if (type !== undefined) return schema;
  const { title, description, readOnly, writeOnly, ...rest } = schema;
  const about = Object.entries({ title, description, readOnly, writeOnly }).filter(
    ([, value]) => value !== undefined,
  );
  return { ...Object.fromEntries(about), anyOf: [rest, { type: 'null' }] };
}

/** Which of a union it is, by the value of one property. */
function discriminatorOf(node: Node, read: (value: unknown) => JsonSchema): JsonSchema | null {
  const given = node['discriminator'];
  const name = isRecord(given) ? given['propertyName'] : given;
  if (typeof name !== 'string') return null;
  const mapping = isRecord(given) && isRecord(given['mapping']) ? Object.entries(given['mapping']) : [];
  const known = mapping.flatMap(([value, target]) => {
    // A plain word is the name of a schema.
    const $ref = /[/#]/.test(String(target)) ? target : `#/components/schemas/${target}`;
    const { $ref: own } = read({ $ref });
    return typeof own === 'string' ? [[value, own]] : [];
  });
  return { propertyName: name, ...(known.length > 0 && { mapping: Object.fromEntries(known) }) };
}

function titleOf({ title }: Node): JsonSchema {
  const text = oneLine(title, 60);
  return text === '' ? {} : { title: text };
}

function descriptionOf(node: Node): JsonSchema {
  const text = oneLine(node['description'], DESCRIPTION_LENGTH);
  return text === '' ? {} : { description: text };
}

/** Without markup, in one line, at most so long; whole sentences where one fits. */
export function oneLine(text: unknown, length: number): string {
  if (typeof text !== 'string') return '';
  const plain = text
    .replace(/<[^>]*>/g, ' ')
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/[*`]+/g, '')
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim();
  if (plain.length <= length) return plain;
  const sentence = /^.*?[.!?](?=\s)/.exec(plain)?.[0] ?? '';
  if (sentence !== '' && sentence.length <= length) return sentence;
  const cut = plain.slice(0, length - 1).replace(/\s+\S*$/, '');
  return `${cut.toWellFormed()}…`;
}
