// Turns a command's JSON Schema into CLI flags. Used by parse-input.ts and help.ts.
import type { JsonSchema, ManifestCommand } from '../protocol/manifest.ts';

export type ScalarKind = 'string' | 'integer' | 'number';
export type FlagKind = ScalarKind | 'boolean' | 'list' | 'record' | 'json' | 'files';

export interface Flag {
  /** The input's name in the REST body. */
  property: string;
  /** Kebab-case, without the dashes. */
  name: string;
  kind: FlagKind;
  /** What a list holds. */
  itemKind: ScalarKind;
  /** The allowed words; empty when any will do. */
  choices: string[];
  nullable: boolean;
  required: boolean;
  description: string;
  default: unknown;
  minimum: number | undefined;
  maximum: number | undefined;
}

export function kebabCase(property: string): string {
  return property
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replace(/_/g, '-')
    .toLowerCase();
}

/** The flags of a command in the schema's order, those that stand in its path included. */
export function flagsOf(command: ManifestCommand): Flag[] {
  const required = new Set(command.input.required ?? []);
  return Object.entries(command.input.properties ?? {}).map(([property, schema]) =>
    flagOf(property, schema, required.has(property), command.input),
  );
}

function flagOf(property: string, given: JsonSchema, required: boolean, root: JsonSchema): Flag {
  const { schema, nullable } = simplify(given, root);
  const items = schema.items === undefined ? undefined : simplify(schema.items, root).schema;
  const itemKind = items === undefined ? undefined : scalarKind(items);
  const kind = kindOf(schema, items, itemKind);
  return {
    property,
    // Each is given by a flag of its own.
    name: kind === 'files' ? 'file' : kebabCase(property),
    kind,
    itemKind: itemKind ?? 'string',
    choices: ((items ?? schema).enum ?? []).filter((choice) => choice !== null).map(String),
    nullable,
    required,
    description: given.description ?? schema.description ?? '',
    default: given.default ?? schema.default,
    minimum: boundOf(schema, 'minimum'),
    maximum: boundOf(schema, 'maximum'),
  };
}

function kindOf(
  schema: JsonSchema,
  items: JsonSchema | undefined,
  itemKind: ScalarKind | undefined,
): FlagKind {
  if (schema.type === 'boolean') return 'boolean';
  if (items?.properties?.['content']?.['contentEncoding'] === 'base64') return 'files';
  if (schema.type === 'array' && itemKind !== undefined) return 'list';
  const values = schema['additionalProperties'];
  if (schema.type === 'object' && isSchema(values) && values.type === 'string') return 'record';
  return scalarKind(schema) ?? 'json';
}

function scalarKind(schema: JsonSchema): ScalarKind | undefined {
  const { type } = schema;
  if (type === 'string' || type === 'integer' || type === 'number') return type;
  // What may be text, among others, is taken as it was typed.
  const branches = schema['anyOf'];
  if (
    Array.isArray(branches) &&
    branches.some((branch) => isSchema(branch) && branch.type === 'string' && !branch.enum)
  )
    return 'string';
  const words = schema.enum?.every((choice) => typeof choice === 'string');
  return words ? 'string' : undefined;
}

/** Follows `$ref` into `$defs` and takes "X or null" apart. */
function simplify(given: JsonSchema, root: JsonSchema): { schema: JsonSchema; nullable: boolean } {
  let schema = given;
  let nullable = false;
  // A manifest's schemas nest a few levels; the bound stops a circular reference.
  for (let depth = 0; depth < 8; depth++) {
    const target = referenced(schema, root) ?? withoutNull(schema);
    if (target === undefined) break;
    if (schema['$ref'] === undefined) nullable = true;
    schema = target;
  }
  return { schema, nullable };
}

function referenced(schema: JsonSchema, root: JsonSchema): JsonSchema | undefined {
  const reference = schema['$ref'];
  if (typeof reference !== 'string') return undefined;
  const definitions = root['$defs'];
  const target = isRecord(definitions) ? definitions[reference.replace('#/$defs/', '')] : undefined;
  return isSchema(target) ? target : {};
}

function withoutNull(schema: JsonSchema): JsonSchema | undefined {
  if (Array.isArray(schema.type) && schema.type.includes('null')) {
    const types = schema.type.filter((type) => type !== 'null');
    return types[0] !== undefined && types.length === 1 ? { ...schema, type: types[0] } : undefined;
  }
  const branches = schema['anyOf'];
  if (!Array.isArray(branches)) return undefined;
  const others = branches.filter((branch) => isSchema(branch) && branch.type !== 'null');
  return branches.length === 2 && others.length === 1 && isSchema(others[0]) ? others[0] : undefined;
}

function boundOf(schema: JsonSchema, keyword: 'minimum' | 'maximum'): number | undefined {
  const bound = schema[keyword];
  // Zod writes the safe-integer range where no range was asked for.
  return typeof bound === 'number' && Math.abs(bound) < Number.MAX_SAFE_INTEGER ? bound : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSchema(value: unknown): value is JsonSchema {
  return isRecord(value);
}
