// TypeScript types of the commands in a Seed's own OpenAPI document. Used by `seed client types` and by the script
// that makes those of the client itself.
import { isRecord } from '../lib/json.ts';
import type { JsonSchema } from '../protocol/manifest.ts';

export interface SeedDocument {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, JsonSchema> };
}

interface Operation {
  summary?: string;
  'x-seed-command'?: string;
  'x-seed-pack'?: string | null;
  parameters?: Parameter[];
  requestBody?: { required?: boolean; content: Record<string, { schema: JsonSchema }> };
  responses: Record<string, { content?: Record<string, { schema: JsonSchema }> }>;
}

interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  description?: string;
  schema?: JsonSchema;
  /** What the command calls it, where the path of the document has another name. */
  'x-seed-input'?: string;
}

export interface ClientCommand {
  /** `keys list` */
  name: string;
  /** `GET /keys`, under /api/v1. */
  http: string;
  pack: string | null;
  kind: 'object' | 'list' | 'stream' | 'file';
  summary: string;
  input: JsonSchema;
  /** Of a list or a stream: one item. Of a file there is none. */
  answer: JsonSchema | null;
}

/** By their names. */
export function clientCommands({ paths, components }: SeedDocument): ClientCommand[] {
  const commands = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).flatMap(([method, operation]) => {
      const name = operation['x-seed-command']?.replace(/^seed /, '');
      if (name === undefined) return [];
      const http = `${method.toUpperCase()} ${ownPath(path, operation)}`;
      const { 'x-seed-pack': pack = null, summary = name } = operation;
      return [
        { name, http, pack, summary, input: inputOf(operation), ...answerOf(operation, components.schemas) },
      ];
    }),
  );
  return commands.sort((one, other) => (one.name < other.name ? -1 : 1));
}

/** Under /api/v1, with the command's own names of its parameters. */
function ownPath(path: string, { parameters = [] }: Operation): string {
  const own = new Map(parameters.map((parameter) => [parameter.name, inputName(parameter)]));
  return path.replace(/^\/api\/v1/, '').replace(/\{([^}]+)\}/g, (_, name) => `{${own.get(name) ?? name}}`);
}

const inputName = ({ name, 'x-seed-input': own = name }: Parameter) => own;

function inputOf({ parameters = [], requestBody }: Operation): JsonSchema {
  const given = parameters.filter(({ in: where }) => where !== 'header');
  const body = requestBody?.content['application/json']?.schema ?? {};
  const properties = Object.fromEntries(
    given.map(({ description, schema = {}, ...parameter }) => [
      inputName(parameter),
      { ...schema, ...(description && { description }) },
    ]),
  );
  const required = given.filter((parameter) => parameter.required).map(inputName);
  return {
    type: 'object',
    properties: { ...properties, ...body.properties },
    required: [...required, ...(body.required ?? [])],
    ...(body['oneOf'] !== undefined && { oneOf: body['oneOf'] }),
    additionalProperties: false,
  };
}

type Schemas = Record<string, JsonSchema>;

function answerOf({ responses }: Operation, schemas: Schemas): Pick<ClientCommand, 'kind' | 'answer'> {
  const content = Object.entries(responses).find(([status]) => status.startsWith('2'))?.[1].content ?? {};
  const stream = content['application/x-ndjson']?.schema;
  if (stream) return { kind: 'stream', answer: stream };
  const answer = content['application/json']?.schema;
  if (!answer) return { kind: 'file', answer: null };
  const whole = named(answer, schemas) ?? answer;
  const { items, nextCursor } = whole.properties ?? {};
  return items?.items && nextCursor ? { kind: 'list', answer: items.items } : { kind: 'object', answer };
}

const COMPONENT = '#/components/schemas/';

function named(schema: JsonSchema, schemas: Schemas): JsonSchema | undefined {
  const reference = schema['$ref'];
  return typeof reference === 'string' ? schemas[reference.replace(COMPONENT, '')] : undefined;
}

/** The entries of an interface that has each command by its name. */
export function commandEntries(commands: readonly ClientCommand[], indent: string): string {
  return commands
    .map(({ name, kind, summary, input, answer }) => {
      const inner = `${indent}  `;
      const of = kind === 'list' || kind === 'stream' ? 'item' : 'answer';
      const lines = [
        `kind: '${kind}';`,
        `input: ${typeOf(input, inner)};`,
        ...(answer ? [`${of}: ${typeOf(answer, inner)};`] : []),
      ];
      return `${docOf(summary, indent)}${indent}${JSON.stringify(name)}: {\n${lines.map((line) => `${inner}${line}\n`).join('')}${indent}};\n`;
    })
    .join('');
}

/** The named schemas that these need, and those that they need in turn, as exported types. */
export function namedTypes(commands: readonly ClientCommand[], schemas: Schemas, indent: string): string {
  const wanted = new Set<string>();
  const want = (value: unknown): void => {
    for (const [, name = ''] of JSON.stringify(value).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
      if (wanted.has(name)) continue;
      wanted.add(name);
      want(schemas[name] ?? {});
    }
  };
  for (const { input, answer } of commands) want([input, answer]);
  return [...wanted]
    .filter((name) => Object.hasOwn(schemas, name))
    .sort()
    .map((name) => {
      const schema = schemas[name] ?? {};
      return `${docOf(schema.description, indent)}${indent}export type ${typeName(name)} = ${typeOf(schema, indent)};\n`;
    })
    .join('');
}

/** One TypeScript type; what cannot be said of a schema is left out, never wrong. */
function typeOf(schema: JsonSchema, indent: string): string {
  const reference = schema['$ref'];
  if (typeof reference === 'string') return typeName(reference.replace(COMPONENT, ''));
  if ('const' in schema) return JSON.stringify(schema['const']);
  if (Array.isArray(schema.enum)) return union(schema.enum.map((value) => JSON.stringify(value)));
  const parts: string[] = [];
  for (const alternatives of [schema['anyOf'], schema['oneOf']])
    if (Array.isArray(alternatives) && !alternatives.every(isCondition))
      parts.push(union(alternatives.map((each) => wayOf(each, schema) ?? inner(each, indent))));
  if (Array.isArray(schema['allOf'])) parts.push(...schema['allOf'].map((each) => inner(each, indent)));
  const types = [schema.type ?? []].flat();
  if (types.length > 0) parts.push(union(types.map((type) => plainType(type, schema, indent))));
  else if (schema.properties) parts.push(objectType(schema, indent));
  if (parts.length === 0) return 'unknown';
  return parts.length === 1 ? (parts[0] ?? 'unknown') : parts.map((part) => grouped(part)).join(' & ');
}

const inner = (schema: unknown, indent: string) =>
  isRecord(schema) ? typeOf(schema as JsonSchema, indent) : 'unknown';

/** Says what form a text has, and nothing of its type. */
const isCondition = (schema: unknown) =>
  isRecord(schema) && Object.keys(schema).every((word) => ['format', 'pattern'].includes(word));

/** One of several ways to say an input: the fields that it needs. Null: the alternative says more than that. */
function wayOf(alternative: unknown, { properties }: JsonSchema): string | null {
  if (!isRecord(alternative) || Object.keys(alternative).join() !== 'required' || !properties) return null;
  const names = (alternative as JsonSchema).required ?? [];
  return `{ ${names.map((name) => `${propertyName(name)}: ${typeOf(properties[name] ?? {}, '')}`).join('; ')} }`;
}

const union = (types: readonly string[]) => [...new Set(types)].join(' | ') || 'never';
const grouped = (type: string) => (type.includes(' | ') ? `(${type})` : type);

function plainType(type: string, schema: JsonSchema, indent: string): string {
  switch (type) {
    case 'string':
      return 'string';
    case 'integer':
    case 'number':
      return 'number';
    case 'boolean':
      return 'boolean';
    case 'null':
      return 'null';
    case 'array':
      return arrayType(schema, indent);
    case 'object':
      return objectType(schema, indent);
    default:
      return 'unknown';
  }
}

function arrayType(schema: JsonSchema, indent: string): string {
  const items = inner(schema.items, indent);
  const first = schema['prefixItems'];
  if (!Array.isArray(first)) return `${grouped(items)}[]`;
  const rest = schema.items === undefined || isRecord(schema.items) ? [`...${grouped(items)}[]`] : [];
  return `[${[...first.map((each) => inner(each, indent)), ...rest].join(', ')}]`;
}

function objectType(schema: JsonSchema, indent: string): string {
  const { properties = {}, required = [], additionalProperties: more } = schema;
  const inside = `${indent}  `;
  const fields = Object.entries(properties).map(([name, of]) => {
    const optional = required.includes(name) ? '' : '?';
    return `${docOf(of.description, inside)}${inside}${propertyName(name)}${optional}: ${typeOf(of, inside)};\n`;
  });
  const values = isRecord(more) ? inner(more, indent) : 'unknown';
  const isOpen = more !== false && (isRecord(more) || fields.length === 0);
  if (fields.length === 0) return isOpen ? `Record<string, ${values}>` : 'Record<string, never>';
  const known = `{\n${fields.join('')}${indent}}`;
  return isOpen ? `${known} & Record<string, ${values}>` : known;
}

const propertyName = (name: string) => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name));

/** A name that TypeScript takes. */
const typeName = (name: string) => {
  const plain = decodeURIComponent(name.replace(/%(?![0-9A-Fa-f]{2})/g, '%25')).replace(/[^\w$]+/g, '_');
  return /^[0-9]/.test(plain) ? `_${plain}` : plain;
};

function docOf(text: string | undefined, indent: string): string {
  if (text === undefined || text === '') return '';
  // Nothing that a platform writes may end the comment.
  return `${indent}/** ${text.replace(/\s+/g, ' ').replaceAll('*/', '*\\/')} */\n`;
}
