// The flags that a JSON Schema makes, in usage lines, and their values. Used by parse-input.ts and help.ts.

import { holdsExactly, NUMBER, parseExactly } from '../lib/exact-json.ts';
import { isRecord } from '../lib/json.ts';
import { kebabCase } from '../lib/kebab-case.ts';
import { neededInputs } from '../lib/needed-inputs.ts';
import { fromText } from '../lib/query-text.ts';
import type { SeedError } from '../protocol/errors.ts';
import type { JsonSchema, ManifestCommand } from '../protocol/manifest.ts';
import { closest } from './find-command.ts';
import { usageError } from './io.ts';
import { inlineFile, localFile, textFile } from './local-file.ts';

type ScalarKind = 'string' | 'integer' | 'number';
/** `files` are sent as parts of the request, `file` and `fileList` within its JSON; `mixed` is text or JSON. */
type FlagKind = ScalarKind | 'boolean' | 'list' | 'record' | 'json' | 'files' | 'file' | 'fileList' | 'mixed';

export interface Flag {
  property: string;
  /** Kebab-case, without the dashes. */
  name: string;
  kind: FlagKind;
  /** The flag stands for an object with this field alone, whose value it takes; null: for its value itself. */
  field: string | null;
  itemKind: ScalarKind;
  /** The allowed words; empty when any will do. */
  choices: string[];
  nullable: boolean;
  required: boolean;
  description: string;
  default: unknown;
  /** Without references and null. */
  schema: JsonSchema;
  minimum: number | undefined;
  maximum: number | undefined;
}

/** The flags of a command in the schema's order, those that stand in its path included. */
export function flagsOf(command: ManifestCommand): Flag[] {
  const required = new Set(command.input.required ?? []);
  return Object.entries(command.input.properties ?? {}).map(([property, schema]) =>
    flagOf(property, schema, { required: required.has(property), root: command.input }),
  );
}

/** @param root the schema whose `$defs` are meant */
export function flagOf(
  property: string,
  given: JsonSchema,
  { required = false, root = given }: { required?: boolean; root?: JsonSchema } = {},
): Flag {
  const { schema, nullable } = simplify(given, root);
  const items = schema.items === undefined ? undefined : simplify(schema.items, root).schema;
  const itemKind = items === undefined ? undefined : scalarKind(items);
  const kind = kindOf(schema, items, itemKind);
  const field = typeof schema['x-field'] === 'string' ? schema['x-field'] : null;
  return {
    property,
    name: kind === 'files' ? 'file' : kebabCase(field === null ? property : `${property}-${field}`),
    kind,
    field,
    itemKind: itemKind ?? 'string',
    choices: ((items ?? schema).enum ?? []).filter((choice) => choice !== null).map(String),
    nullable,
    required,
    description: given.description ?? schema.description ?? '',
    default: given.default ?? schema.default,
    schema,
    minimum: boundOf(schema, 'minimum'),
    maximum: boundOf(schema, 'maximum'),
  };
}

function kindOf(schema: JsonSchema, items: JsonSchema | undefined, itemKind: ScalarKind | undefined): FlagKind {
  if (schema.type === 'boolean') return 'boolean';
  if (isFile(schema)) return 'file';
  if (items && isFile(items)) return items.required?.includes('name') ? 'files' : 'fileList';
  if (schema.type === 'array' && itemKind !== undefined) return 'list';
  const values = schema['additionalProperties'];
  if (schema.type === 'object' && isSchema(values) && mayBeText(values)) return 'record';
  if (isMixed(schema)) return 'mixed';
  return scalarKind(schema) ?? 'json';
}

const isFile = (schema: JsonSchema) => schema.properties?.['content']?.['contentEncoding'] === 'base64';

/** Text, or an object or a list. */
function isMixed(schema: JsonSchema): boolean {
  const types = typesOf(schema);
  return types.includes('string') && (types.includes('object') || types.includes('array'));
}

/** That a value may have, by itself or in one of its forms. */
function typesOf(schema: JsonSchema): string[] {
  return [...[schema.type ?? []].flat(), ...formsOf(schema).flatMap(typesOf)];
}

/** The forms of a union. */
export function formsOf({ anyOf, oneOf }: JsonSchema): JsonSchema[] {
  return [anyOf, oneOf].flatMap((each) => (Array.isArray(each) ? each.filter(isSchema) : []));
}

function scalarKind(schema: JsonSchema): ScalarKind | undefined {
  const { type } = schema;
  if (type === 'string' || type === 'integer' || type === 'number') return type;
  const types = typesOf(schema).filter((each) => each !== 'null');
  // What may be text, among others, is taken as it was typed.
  if (mayBeText(schema)) return 'string';
  if (types.length > 0 && types.every((each) => each === 'integer' || each === 'number'))
    return types.includes('number') ? 'number' : 'integer';
  const words = schema.enum?.every((choice) => typeof choice === 'string');
  return words ? 'string' : undefined;
}

function mayBeText(schema: JsonSchema): boolean {
  return ([schema.type].flat().includes('string') && !schema.enum) || formsOf(schema).some(mayBeText);
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
    return types[0] === undefined ? undefined : { ...schema, type: types.length === 1 ? types[0] : types };
  }
  for (const word of ['anyOf', 'oneOf'] as const) {
    const forms = schema[word];
    if (!Array.isArray(forms)) continue;
    const others = forms.filter((form) => isSchema(form) && form.type !== 'null');
    if (others.length === 0 || others.length === forms.length) continue;
    return others.length === 1 && isSchema(others[0]) ? others[0] : { ...schema, [word]: others };
  }
  return undefined;
}

function boundOf(schema: JsonSchema, keyword: 'minimum' | 'maximum'): number | undefined {
  const bound = schema[keyword];
  // Zod writes the safe-integer range where no range was asked for.
  return typeof bound === 'number' && Math.abs(bound) < Number.MAX_SAFE_INTEGER ? bound : undefined;
}

const isSchema = (value: unknown): value is JsonSchema => isRecord(value);

/** `seed keys revoke <id> [flags]` */
export function usageLine(command: ManifestCommand): string {
  const path = command.positional.map((property) => `<${kebabCase(property)}>`);
  const others = flagsOf(command).filter((flag) => !command.positional.includes(flag.property));
  const needed = neededInputs(command.input);
  const required = others.filter(
    (flag) => isMandatory(flag) || (needed.includes(flag.property) && !flag.required),
  );
  const text = required.find((flag) => flag.kind === 'string');
  const words = required.map((flag) => (flag === text ? `<${flag.name}>` : `--${flag.name} ${placeholder(flag)}`));
  const optional = others.length > required.length ? ['[flags]'] : [];
  return ['seed', command.name, ...path, ...words, ...optional].join(' ');
}

export const isMandatory = (flag: Flag): boolean => flag.required && flag.default === undefined;

const PLACEHOLDERS: Partial<Record<FlagKind, string>> = {
  boolean: '',
  files: '<path[=name]>',
  file: '<path[=name]>',
  fileList: '<path[=name]>',
  mixed: '<text or json>',
  record: '<name=value>',
  integer: '<number>',
  number: '<number>',
  json: '<json or @file>',
};

/** What stands for a flag's value: `<text>`, `<a,b,…>`, `active|expired`. */
export function placeholder(flag: Flag): string {
  if (flag.kind === 'string' && isDigits(flag.schema)) return '<number>';
  const words = flag.choices.length > 0 && flag.choices.length <= 6 ? flag.choices.join('|') : undefined;
  return PLACEHOLDERS[flag.kind] ?? `<${words ?? (flag.kind === 'list' ? 'a,b,…' : 'text')}>`;
}

/** A number that is written as a string, so that it keeps all its digits. */
const isDigits = ({ type, format }: JsonSchema) =>
  type === 'string' && /^(u?int(64|128)|u?long|bigint|decimal(128)?|money)$/.test(String(format));

/** The value of a flag from everything typed for it, in order. Throws SeedError `usage`. */
export function flagValue(flag: Flag, typed: readonly string[]): unknown {
  if (flag.nullable && typed.length === 1 && typed[0] === 'null') return null;
  if (flag.kind === 'list') return typed.flatMap((text) => listValue(flag, text));
  if (flag.kind === 'files') return typed.map((text) => localFile(text));
  if (flag.kind === 'fileList') return typed.map((text) => fileValue(flag, text));
  if (flag.kind === 'record') return Object.assign({}, ...typed.map((text) => recordValue(flag, text)));
  const text = typed[0];
  if (text === undefined || typed.length > 1) throw wrong(flag, 'is given more than once');
  if (flag.kind === 'json') {
    const value = jsonValue(flag, text.startsWith('@') ? textFile(text.slice(1), flag.name) : text);
    return flag.field === null ? value : { [flag.field]: value };
  }
  if (flag.kind === 'mixed') return fromText(text, flag.schema);
  if (flag.kind === 'file') return fileValue(flag, text);
  if (flag.kind === 'boolean') return booleanValue(flag, text);
  return scalarValue(flag, flag.kind, text);
}

/** A file of this machine, or one that is written as JSON. */
function fileValue(flag: Flag, text: string): unknown {
  return text.startsWith('{') ? jsonValue(flag, text) : inlineFile(text, flag.name);
}

function listValue(flag: Flag, text: string): unknown[] {
  if (text.startsWith('[')) {
    const items = jsonValue(flag, text);
    if (Array.isArray(items)) return items;
  }
  const parts = text.split(',').map((part) => part.trim());
  return parts.filter((part) => part !== '').map((part) => scalarValue(flag, flag.itemKind, part));
}

function recordValue(flag: Flag, text: string): unknown {
  if (text.startsWith('{')) return jsonValue(flag, text);
  const equals = text.indexOf('=');
  if (equals < 1) throw wrong(flag, `takes name=value, not ${quote(text)}`);
  return { [text.slice(0, equals)]: text.slice(equals + 1) };
}

function booleanValue(flag: Flag, text: string): boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  throw wrong(flag, `is true or false, not ${quote(text)}`);
}

function jsonValue(flag: Flag, text: string): unknown {
  return parseExactly(text, {
    failure: (cause) => wrong(flag, `takes JSON, and ${quote(text)} is none`, cause),
  });
}

function scalarValue(flag: Flag, kind: ScalarKind, text: string): string | number {
  if (flag.choices.length > 0 && !flag.choices.includes(text)) {
    const meant = closest(text, flag.choices);
    const note = meant === undefined ? '' : `; did you mean ${meant}?`;
    throw wrong(flag, `is one of ${flag.choices.join(', ')}, not ${quote(text)}${note}`);
  }
  if (kind === 'string') return text;
  // The server is told every digit.
  if (NUMBER.test(text) && !holdsExactly(text)) return text;
  const number = Number(text);
  if (text.trim() === '' || !Number.isFinite(number)) throw wrong(flag, `is a number, not ${quote(text)}`);
  if (kind === 'integer' && !Number.isSafeInteger(number)) {
    throw wrong(flag, `is a whole number, not ${quote(text)}`);
  }
  return number;
}

const quote = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);

function wrong(flag: Flag, problem: string, cause?: unknown): SeedError {
  return usageError(`--${flag.name} ${problem}`, undefined, cause);
}
