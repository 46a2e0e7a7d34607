// A document's schema as the plain JSON Schema of an input: references followed, the dialects of 3.0 and 3.1 made
// one, and no stricter than it has to be, since the platform judges what it is sent. Used by body.ts.
import { isRecord } from '../lib/json.ts';
import type { JsonSchema } from '../protocol/manifest.ts';
import { type Node, nodesOf, type Resolve, resolvedNodes } from './document.ts';

const DESCRIPTION_LENGTH = 120;
/** Objects, lists and unions within each other that are described; what lies deeper may be anything. */
const DEPTH_MOST = 3;
const TYPES: readonly unknown[] = ['string', 'integer', 'number', 'boolean', 'array', 'object'];
const CHOICES_MOST = 100;
const BRANCHES_MOST = 6;
const TOLD_DEFAULTS: readonly string[] = ['string', 'number', 'boolean'];
/** Not `pattern` and `format`: dialects differ, and what the platform takes must not be refused here. */
const BOUNDS = ['minimum', 'maximum', 'minLength', 'maxLength', 'minItems', 'maxItems'] as const;

export function toInputSchema(resolve: Resolve, given: unknown, depth = 0): JsonSchema {
  const node = resolve(given);
  if (node === null) return {};
  const { schema, nullable } = bare(resolve, node, depth);
  const described = { ...schema, ...descriptionOf(node) };
  if (!nullable) return described;
  const { description, ...rest } = described;
  return { ...(description && { description }), anyOf: [rest, { type: 'null' }] };
}

function bare(resolve: Resolve, node: Node, depth: number): { schema: JsonSchema; nullable: boolean } {
  const merged = mergeAll(resolve, node);
  const types = [merged['type']].flat().filter((type) => typeof type === 'string');
  // Beside properties they only say which of them go together, which is the platform's to judge.
  const isWhole = isRecord(merged['properties']) || depth > DEPTH_MOST;
  const unions = isWhole ? [] : [merged['oneOf'], merged['anyOf']];
  const branches = unions.flatMap((each) => resolvedNodes(resolve, each));
  const nullable =
    merged['nullable'] === true || types.includes('null') || branches.some(({ type }) => type === 'null');
  const real = branches.filter(({ type }) => type !== 'null');
  const kinds = types.filter((type) => TYPES.includes(type));
  if (real.length > 0) return { schema: unionOf(resolve, real, depth), nullable };
  const known = kinds.length > 0 ? kinds : [impliedType(merged)];
  return { schema: oneOf(known.map((type) => ofType(resolve, type, merged, depth))), nullable };
}

/** The parts of allOf as one. */
function mergeAll(resolve: Resolve, node: Node, depth = 0): Node {
  const parts = depth > 8 ? [] : resolvedNodes(resolve, node['allOf']);
  const { allOf: _, ...own } = node;
  return [...parts.map((part) => mergeAll(resolve, part, depth + 1)), own].reduce(mergeTwo, {});
}

function mergeTwo(one: Node, other: Node): Node {
  const properties = { ...(one['properties'] as Node), ...(other['properties'] as Node) };
  const required = [...nodesOf(one['required']), ...nodesOf(other['required'])];
  return {
    ...one,
    ...other,
    ...(Object.keys(properties).length > 0 && { properties }),
    ...(required.length > 0 && { required: [...new Set(required)] }),
  };
}

function unionOf(resolve: Resolve, branches: readonly Node[], depth: number): JsonSchema {
  const all = branches.map((branch) => bare(resolve, branch, depth + 1));
  const schema = oneOf(all.map((each) => each.schema));
  return all.some((each) => each.nullable) ? { anyOf: [schema, { type: 'null' }] } : schema;
}

/** Any of them; of many kinds of objects or lists only that it is one. */
function oneOf(schemas: readonly JsonSchema[]): JsonSchema {
  const [first = {}] = schemas;
  if (schemas.length === 1) return first;
  const type = schemas.every((schema) => schema.type === first.type) ? first.type : undefined;
  if (type === undefined) return schemas.length <= BRANCHES_MOST ? { anyOf: schemas } : {};
  if (schemas.every((schema) => schema.enum))
    return { type, enum: [...new Set(schemas.flatMap((schema) => schema.enum))] };
  return { type };
}

function ofType(resolve: Resolve, type: string | undefined, node: Node, depth: number): JsonSchema {
  const schema: JsonSchema = type === undefined ? {} : { type };
  const choices = nodesOf(node['enum']).filter((choice) => choice !== null);
  if (choices.length > 0 && choices.length <= CHOICES_MOST && type === 'string') schema.enum = choices.map(String);
  if ('const' in node && type === 'string') schema.enum = [node['const']];
  for (const bound of BOUNDS) if (typeof node[bound] === 'number') schema[bound] = node[bound];
  if (depth >= DEPTH_MOST) return schema;
  const inner = (value: unknown) => toInputSchema(resolve, value, depth + 1);
  if (type === 'array' && node['items'] !== undefined) schema.items = inner(node['items']);
  if (type === 'object') Object.assign(schema, membersOf(resolve, node, inner));
  return schema;
}

function membersOf(resolve: Resolve, node: Node, inner: (value: unknown) => JsonSchema): JsonSchema {
  const members = Object.entries(isRecord(node['properties']) ? node['properties'] : {}).filter(
    ([name, value]) => name !== '__proto__' && resolve(value)?.['readOnly'] !== true,
  );
  const properties = Object.fromEntries(members.map(([name, value]) => [name, inner(value)]));
  const required = nodesOf(node['required']).filter((name) => Object.hasOwn(properties, String(name)));
  const values = node['additionalProperties'];
  return {
    ...(members.length > 0 && { properties }),
    ...(required.length > 0 && { required: required.map(String) }),
    ...(members.length === 0 && isRecord(values) && { additionalProperties: inner(values) }),
  };
}

function impliedType(node: Node): string | undefined {
  if (isRecord(node['properties']) || isRecord(node['additionalProperties'])) return 'object';
  if (node['items'] !== undefined) return 'array';
  const choices = nodesOf(node['enum']);
  return choices.length > 0 && choices.every((choice) => typeof choice === 'string') ? 'string' : undefined;
}

/** With the default told and not set: filled in it would be sent, and an update would reset what nobody named. */
function descriptionOf(node: Node): { description?: string } {
  const text = oneLine(node['description'] ?? node['title'], DESCRIPTION_LENGTH);
  const preset = node['default'];
  const told = TOLD_DEFAULTS.includes(typeof preset) && !text.includes(String(preset)) && preset !== '';
  const description = `${text}${told ? ` (default ${oneLine(String(preset), 40)})` : ''}`.trim();
  return description === '' ? {} : { description };
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
