// A command's input as it stands in a path or a query of Seed's own REST, and back: the CLI and MCP write it, the
// server reads it. Text where text can only mean one thing, JSON where it could mean another.
import type { JsonSchema } from '../protocol/manifest.ts';
import { holdsExactly, isMany, parseExactly } from './exact-json.ts';

/** With those of a union. Empty: it may be anything. */
function textTypes({ type, anyOf, oneOf }: JsonSchema): string[] {
  if (type !== undefined) return [type].flat();
  return [anyOf, oneOf].flatMap((each) => (Array.isArray(each) ? (each as JsonSchema[]).flatMap(textTypes) : []));
}

/** Whether the schema says nothing of what it is. */
const isOpen = (schema: JsonSchema) =>
  !['type', 'anyOf', 'oneOf', 'allOf', '$ref', 'enum', 'const'].some((word) => word in schema);

const mayBeMany = (types: readonly string[]) => types.includes('object') || types.includes('array');

/**
 * The one text of a value, from which `fromText` makes it again.
 * @param schema undefined: of an input that the command has not, for the server to refuse
 */
export function toText(value: unknown, schema: JsonSchema | undefined): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  if (schema === undefined) return value;
  const types = textTypes(schema);
  if (isOpen(schema)) return parseExactly(value) === undefined ? value : JSON.stringify(value);
  return mayBeMany(types) && /^[[{"]/.test(value) ? JSON.stringify(value) : value;
}

/** What does not read as one of its types stays text, for the schema to refuse. */
export function fromText(text: string, schema: JsonSchema): unknown {
  const types = textTypes(schema);
  const may = (...wanted: string[]) => wanted.some((type) => types.includes(type));
  if (isOpen(schema)) return parseExactly(text) ?? text;
  if (mayBeMany(types) && /^[[{"]/.test(text)) {
    const value = parseExactly(text);
    const kind = Array.isArray(value) ? 'array' : typeof value;
    if (value !== undefined && may(kind)) return value;
  }
  if (may('string')) return text;
  if (may('integer', 'number') && isNumber(text)) return holdsExactly(text) ? Number(text) : text;
  if (may('boolean') && (text === 'true' || text === 'false')) return text === 'true';
  return text;
}

/** With an exponent only where JavaScript would write one. */
const isNumber = (text: string) =>
  /^-?\d+(\.\d+)?$/.test(text) || (/e/.test(text) && String(Number(text)) === text);

/** The texts of one name in a query: one for each item of a list, as far as they can be told apart again. */
export function toTexts(value: unknown, schema: JsonSchema | undefined): string[] {
  if (schema === undefined) return [value].flat().map((item) => toText(item, undefined));
  if (!Array.isArray(value) || !isPlainList(value, schema)) return [toText(value, schema)];
  return value.map((item) => toText(item, schema.items ?? {}));
}

function isPlainList(value: readonly unknown[], { type, items = {} }: JsonSchema): boolean {
  if (value.length === 0 || type !== 'array') return false;
  const types = textTypes(items);
  const mayBeText = !isScalarOnly(types);
  return value.every((item) => {
    if (typeof item !== 'string') return !mayBeText && !isMany(item) && item !== null;
    return item !== '' && !/,|^[[{"]/.test(item) && (!isOpen(items) || parseExactly(item) === undefined);
  });
}

const isScalarOnly = (types: readonly string[]) =>
  types.length > 0 && types.every((type) => type === 'integer' || type === 'number' || type === 'boolean');

/** Undefined: it is given several times, and is no list. */
export function fromTexts(texts: readonly string[], schema: JsonSchema): unknown {
  const [only = ''] = texts;
  if (schema.type !== 'array') return texts.length > 1 ? undefined : fromText(only, schema);
  const whole = texts.length === 1 && only.startsWith('[') ? parseExactly(only) : undefined;
  if (Array.isArray(whole)) return whole;
  return texts.flatMap((text) => text.split(',')).map((text) => fromText(text, schema.items ?? {}));
}
