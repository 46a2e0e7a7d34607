// The parameters of an operation, those of its path included: how each is written, and which cannot be.
import { isRecord } from '../lib/json.ts';
import type { JsonSchema } from '../protocol/manifest.ts';
import { type Node, type Resolve, resolvedNodes } from './document.ts';
import type { Taken } from './input-names.ts';
import type { Credential, Place } from './operation.ts';
import { toInputSchema } from './schema.ts';

interface Parameters {
  taken: Taken[];
  /** Optional ones that cannot be given, and why. */
  leftOut: string[];
  /** Why the operation cannot be called at all; null: it can. */
  obstacle: string | null;
}

/** Said by HTTP itself, or by Seed. */
const NOT_INPUTS =
  /^(accept|authorization|content-(type|length|encoding)|host|connection|cookie|transfer-encoding|te|upgrade|expect|user-agent|seed-.*|proxy-.*)$/i;

export function readParameters(
  resolve: Resolve,
  { path, pathItem, node: operation }: { path: string; pathItem: Node; node: Node },
  credential: Credential,
): Parameters {
  const result: Parameters = { taken: [], leftOut: [], obstacle: null };
  for (const parameter of ofBoth(resolve, pathItem, operation)) {
    const { in: where, name, required } = parameter as { in: string; name: string; required?: unknown };
    if (saysElsewhere(where, name, credential)) continue;
    const read = placeOf(resolve, parameter);
    if (typeof read === 'string') {
      if (required === true || where === 'path') result.obstacle ??= `its ${where} parameter ${name} ${read}`;
      else result.leftOut.push(`${where} parameter ${name} ${read}`);
    } else result.taken.push({ ...read, required: required === true || where === 'path' });
  }
  const unknown = [...path.matchAll(/\{([^}]+)\}/g)].find(
    ([, name]) => !result.taken.some(({ place }) => place.in === 'path' && place.name === name),
  );
  if (unknown) result.obstacle ??= `its path has ${unknown[0]}, which is not described`;
  return result;
}

/** An operation's parameter stands for that of its path with the same place and name. */
function ofBoth(resolve: Resolve, pathItem: Node, operation: Node): Node[] {
  const all = [pathItem, operation]
    .flatMap(({ parameters }) => resolvedNodes(resolve, parameters))
    .filter((parameter) => typeof parameter['name'] === 'string');
  return [...new Map(all.map((parameter) => [`${parameter['in']} ${parameter['name']}`, parameter])).values()];
}

function saysElsewhere(where: string, name: string, credential: Credential): boolean {
  if (where === 'header' && NOT_INPUTS.test(name)) return true;
  return 'name' in credential && credential.kind === where && credential.name.toLowerCase() === name.toLowerCase();
}

/** Where it goes and how, or why it cannot. */
function placeOf(resolve: Resolve, parameter: Node): Omit<Taken, 'required'> | string {
  const { in: where, name, style, explode } = parameter as Record<string, string>;
  if (where !== 'path' && where !== 'query' && where !== 'header') return 'is a cookie';
  const content = isRecord(parameter['content']) ? Object.entries(parameter['content'])[0] : undefined;
  const given = content ? (resolve(content[1])?.['schema'] ?? {}) : parameter['schema'];
  const { description } = parameter;
  const described = { ...resolve(given), ...(typeof description === 'string' && { description }) };
  const schema = neverNull(toInputSchema(resolve, described));
  // All that stands in a path, a query or a header is text before it is anything else.
  if (schema.type === undefined && schema['anyOf'] === undefined) schema.type = 'string';
  const place = { in: where, name: name ?? '' } as const;
  if (content) return /json/.test(content[0]) ? { place: { ...place, form: 'json' }, schema } : `is ${content[0]}`;
  const form = formOf(where, shapeOf(schema), style, explode === undefined ? undefined : Boolean(explode));
  if (form === null) return `is written in the style ${style ?? 'of its place'}`;
  return { place: form === 'text' ? place : { ...place, form }, schema };
}

/** Outside a body there is no way to write it: what may be null may be left out. */
function neverNull(schema: JsonSchema): JsonSchema {
  const { anyOf, ...rest } = schema;
  if (!Array.isArray(anyOf)) return schema;
  const others = anyOf.filter((branch: JsonSchema) => branch.type !== 'null');
  return others.length === 1 ? { ...others[0], ...rest } : { ...rest, anyOf: others };
}

function shapeOf({ type, anyOf }: JsonSchema): 'text' | 'list' | 'object' {
  const types = Array.isArray(anyOf) ? anyOf.map((branch: JsonSchema) => branch.type) : [type];
  if (types.includes('object')) return 'object';
  return types.includes('array') ? 'list' : 'text';
}

/** By the table of styles in OpenAPI 3.1, section 4.8.12.2. Null: a style that is not spoken here. */
function formOf(
  where: 'path' | 'query' | 'header',
  shape: 'text' | 'list' | 'object',
  style: string | undefined,
  explode: boolean | undefined,
): NonNullable<Place['form']> | 'text' | null {
  if (where !== 'query') {
    if (style !== undefined && style !== 'simple') return null;
    return shape === 'object' ? null : shape === 'list' ? 'commas' : 'text';
  }
  if (style === 'deepObject') return 'brackets';
  if (shape === 'text') return 'text';
  if (shape === 'object') return null;
  if (style === 'pipeDelimited') return 'pipes';
  if (style === 'spaceDelimited') return 'spaces';
  return (explode ?? true) ? 'repeated' : 'commas';
}
