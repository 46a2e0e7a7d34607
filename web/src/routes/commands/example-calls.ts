// A command's inputs as rows to read, and sample calls of it: as a command line, with curl and over MCP.
import type { JsonSchema, ManifestCommand } from '../../../../src/protocol/manifest.ts';
import { curlOf, writtenMcp } from '../../calls/written-calls.ts';

export function cliCalls({ name, positional, examples }: ManifestCommand): string {
  if (examples.length > 0) return examples.join('\n');
  return ['seed', name, ...positional.map((property) => `<${property}>`)].join(' ');
}

export function curlCall(command: ManifestCommand, origin: string): string {
  const { method, path } = command.http;
  const url = `${origin}/api/v1${path.replaceAll('{', '<').replaceAll('}', '>')}`;
  const body = sampleOf(command, command.positional);
  const isQuery = method === 'GET';
  const query = Object.entries(body).map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`);
  return curlOf({
    method,
    url: isQuery && query.length > 0 ? `${url}?${query.join('&')}` : url,
    json: isQuery || query.length === 0 ? null : JSON.stringify(body),
    options: [
      ...(command.output === 'stream' ? ['--no-buffer'] : []),
      ...(command.output === 'file' ? ['--remote-name --remote-header-name'] : []),
    ],
  });
}

export function mcpCall(command: ManifestCommand): string | null {
  return writtenMcp(command, sampleOf(command));
}

function sampleOf({ input }: ManifestCommand, without: readonly string[] = []): Record<string, unknown> {
  const required = (input.required ?? []).filter((name) => !without.includes(name));
  return Object.fromEntries(
    required.map((name) => [name, sampleValue(name, input.properties?.[name] ?? {}, input)]),
  );
}

function sampleValue(name: string, given: JsonSchema, root: JsonSchema): unknown {
  const { schema } = resolve(given, root);
  const [example] = (schema['examples'] ?? given['examples'] ?? []) as unknown[];
  const known = example ?? given.default ?? schema.default ?? schema.enum?.[0];
  if (known !== undefined) return known;
  if (schema.items) return [sampleValue(name, schema.items, root)];
  if (schema.type === 'integer' || schema.type === 'number') return Number(schema['minimum'] ?? 1);
  if (schema.type === 'boolean') return true;
  if (schema.type === 'object') {
    const inner = schema.required ?? [];
    return Object.fromEntries(
      inner.map((part) => [part, sampleValue(part, schema.properties?.[part] ?? {}, root)]),
    );
  }
  return `<${name}>`;
}

export interface InputRow {
  /** The name; `budget.usd` for a field within a field. */
  name: string;
  type: string;
  required: boolean;
  description: string;
  /** The default as JSON; null where there is none. */
  default: string | null;
}

export function inputRows(input: JsonSchema): InputRow[] {
  return fieldsOf(input, input).flatMap(({ row, schema }) => [
    row,
    ...fieldsOf(schema, input).map(({ row: inner }) => ({ ...inner, name: `${row.name}.${inner.name}` })),
  ]);
}

/** What a schema stands for when references are followed and `or null` is taken away. */
function resolve(schema: JsonSchema, root: JsonSchema): { schema: JsonSchema; nullable: boolean } {
  const reference = /^#\/\$defs\/(.+)$/.exec(String(schema['$ref'] ?? ''))?.[1];
  const definitions = root['$defs'] as Record<string, JsonSchema> | undefined;
  const definition = reference === undefined ? undefined : definitions?.[reference];
  if (definition) return resolve({ ...definition, ...schema, $ref: undefined }, root);
  const choices = schema['anyOf'] as JsonSchema[] | undefined;
  const others = choices?.filter(({ type }) => type !== 'null') ?? [];
  if (!choices || others.length !== 1 || !others[0]) return { schema, nullable: false };
  const inner = resolve(others[0], root).schema;
  return {
    schema: { ...inner, ...(schema.description && { description: schema.description }) },
    nullable: others.length < choices.length,
  };
}

function fieldsOf(schema: JsonSchema, root: JsonSchema): { row: InputRow; schema: JsonSchema }[] {
  return Object.entries(schema.properties ?? {}).map(([name, given]) => {
    const { schema: resolved, nullable } = resolve(given, root);
    const preset = given.default ?? resolved.default;
    return {
      schema: resolved,
      row: {
        name,
        type: typeOf(resolved, root) + (nullable ? ' or null' : ''),
        required: (schema.required ?? []).includes(name) && preset === undefined,
        description: given.description ?? resolved.description ?? '',
        default: preset === undefined ? null : JSON.stringify(preset),
      },
    };
  });
}

function typeOf(schema: JsonSchema, root: JsonSchema): string {
  if (schema.enum) return schema.enum.map(String).join(', ');
  if (schema['const'] !== undefined) return String(schema['const']);
  if (schema.items) return `list of ${typeOf(resolve(schema.items, root).schema, root)}`;
  const choices = (schema['anyOf'] ?? schema['oneOf']) as JsonSchema[] | undefined;
  if (choices)
    return [...new Set(choices.map((choice) => typeOf(inOneForm(choice, schema, root), root)))].join(' or ');
  const { type = 'any', minimum, maximum } = schema;
  if (schema['format'] === 'uuid') return 'id';
  if (schema['format'] === 'date-time') return 'time';
  const range = rangeOf(minimum, maximum);
  return [type].flat().join(' or ') + (range && ` ${range}`);
}

/** A choice may say of what form it is, and nothing of its type. */
function inOneForm(choice: JsonSchema, { type }: JsonSchema, root: JsonSchema): JsonSchema {
  const { schema } = resolve(choice, root);
  return type === undefined ? schema : { type, ...schema };
}

function rangeOf(minimum: unknown, maximum: unknown): string {
  const isBound = (bound: unknown): bound is number =>
    typeof bound === 'number' && Math.abs(bound) < Number.MAX_SAFE_INTEGER;
  if (isBound(minimum) && isBound(maximum)) return `${minimum} to ${maximum}`;
  if (isBound(minimum)) return `≥ ${minimum}`;
  return isBound(maximum) ? `≤ ${maximum}` : '';
}
