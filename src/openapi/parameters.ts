// The parameters of an operation, those of its path included: how each is written, and which cannot be.
import { isRecord } from '../lib/json.ts';
import type { JsonSchema } from '../protocol/manifest.ts';
import { type Node, type Resolve, resolvedNodes } from './document.ts';
import type { Taken } from './input-names.ts';
import { FORM_TYPE, isJsonType, TEXT_TYPE } from './media-types.ts';
import type { Credential, Form, Place } from './operation.ts';
import type { Schemas } from './schema.ts';
import { formsOf, plainOf, shown, typesIn } from './schema-views.ts';

interface Parameters {
  taken: Taken[];
  /** Optional ones that cannot be given, and why. */
  leftOut: string[];
  /** Why the operation cannot be called at all; null: it can. */
  obstacle: string | null;
}

const WHERE: readonly unknown[] = ['path', 'query', 'querystring', 'header', 'cookie'];

/** Said by HTTP itself, or by Seed. */
const NOT_INPUTS =
  /^(accept|authorization|content-(type|length|encoding)|host|connection|cookie|transfer-encoding|te|upgrade|expect|user-agent|seed-.*|proxy-.*)$/i;

export function readParameters(
  { resolve, schemas }: { resolve: Resolve; schemas: Schemas },
  { path, pathItem, node: operation }: { path: string; pathItem: Node; node: Node },
  credential: Credential,
): Parameters {
  const result: Parameters = { taken: [], leftOut: [], obstacle: null };
  const all = ofBoth(resolve, pathItem, operation);
  const wholes = all.filter(({ in: where }) => where === 'querystring');
  const isClash = wholes.length > 1 || (wholes.length === 1 && all.some(({ in: where }) => where === 'query'));
  for (const parameter of all) {
    const { in: where, name, required } = parameter as { in: string; name: string; required?: unknown };
    if (saysElsewhere(where, name, credential)) continue;
    const isOneTooMany = isClash && where === 'querystring';
    const read = isOneTooMany ? 'stands beside others of the query' : placeOf(resolve, schemas, parameter);
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
  const shown = credential.kind === 'several' ? credential.of.map((each) => each.credential) : [credential];
  return shown.some((one) => 'name' in one && one.kind === where && one.name.toLowerCase() === name.toLowerCase());
}

/** Where it goes and how, or why it cannot. */
function placeOf(resolve: Resolve, schemas: Schemas, parameter: Node): Omit<Taken, 'required'> | string {
  const { in: where, name, style } = parameter as Record<string, string>;
  if (!WHERE.includes(where)) return 'stands where no parameter does';
  const content = isRecord(parameter['content']) ? Object.entries(parameter['content'])[0] : undefined;
  const given = schemas.read(content ? (resolve(content[1])?.['schema'] ?? {}) : parameter['schema']);
  const { description } = parameter;
  const told = schemas.read({ ...(typeof description === 'string' && { description }) });
  const full = { ...given, ...told };
  const view = neverNull(shown(full, schemas.definitions, { hidden: 'readOnly' }));
  // All that stands in a path, a query or a header is text before it is anything else.
  const isUnsaid = view.type === undefined && formsOf(view).length === 0;
  const schema: JsonSchema = isUnsaid && !content ? { ...view, type: 'string' } : view;
  const place = { in: where as Place['in'], name: name ?? '' };
  const taken = { schema, ...(!isUnsaid && { whole: full }) };
  if (content) {
    if (resolve(content[1])?.['encoding'] !== undefined) return 'says of each of its fields how it is written';
    const form = contentForm(content[0], shapesOf(full, schemas));
    return form === null ? `is ${content[0]}` : { place: { ...place, ...form }, ...taken };
  }
  if (where === 'querystring') return 'has no content';
  const explode = parameter['explode'] === undefined ? undefined : Boolean(parameter['explode']);
  const form = formOf(where as Place['in'], shapesOf(full, schemas), style, explode);
  if (form === null) return `is written in the style ${style ?? 'of its place'}`;
  const isReserved = parameter['allowReserved'] === true || style === 'cookie';
  return {
    place: { ...place, ...(form !== 'text' && { form }), ...(isReserved && { reserved: true as const }) },
    ...taken,
  };
}

/** Null: nothing says how its value is written in that media type. */
function contentForm(type: string, shapes: readonly string[]): Pick<Place, 'form'> | null {
  if (isJsonType(type)) return { form: 'json' };
  if (FORM_TYPE.test(type)) return { form: 'repeated' };
  const isText = shapes.every((shape) => shape === 'text');
  return TEXT_TYPE.test(type) && isText ? {} : null;
}

/** Outside a body there is no way to write it: what may be null may be left out. */
export function neverNull(schema: JsonSchema): JsonSchema {
  const { anyOf, ...rest } = schema;
  if (!Array.isArray(anyOf)) return schema;
  const others = anyOf.filter((branch: JsonSchema) => branch.type !== 'null');
  return others.length === 1 ? { ...others[0], ...rest } : { ...rest, anyOf: others };
}

/** What its values can be, whatever union they are in: text, a list, an object. */
export function shapesOf(schema: JsonSchema, schemas: Schemas, depth = 0): ('text' | 'list' | 'object')[] {
  const node = plainOf(schema, schemas.definitions);
  const forms = depth > 8 ? [] : formsOf(node).flatMap((form) => shapesOf(form, schemas, depth + 1));
  const own = typesIn(node).map((type) => (type === 'array' ? 'list' : type === 'object' ? 'object' : 'text'));
  return [...own, ...forms];
}

/** By the table of styles in OpenAPI 3.1, section 4.8.12.2. Null: a style that is not spoken here. */
export function formOf(
  where: Place['in'],
  shapes: readonly ('text' | 'list' | 'object')[],
  style: string | undefined,
  explode: boolean | undefined,
): Form | 'text' | null {
  if (where === 'path' && style === 'matrix') return explode ? 'matrices' : 'matrix';
  if (where === 'path' && style === 'label') return explode ? 'labels' : 'label';
  const isText = !shapes.includes('list') && !shapes.includes('object');
  if (where === 'path' || where === 'header') {
    if (style !== undefined && style !== 'simple') return null;
    return isText ? 'text' : explode && shapes.includes('object') ? 'pairs' : 'commas';
  }
  if (style === 'deepObject') return 'brackets';
  if (style !== undefined && !/^(form|cookie|spaceDelimited|pipeDelimited)$/.test(style)) return null;
  if (isText) return 'text';
  // Without saying so only the style form is exploded.
  if (explode ?? (style === undefined || style === 'form' || style === 'cookie')) return 'repeated';
  return style === 'pipeDelimited' ? 'pipes' : style === 'spaceDelimited' ? 'spaces' : 'commas';
}
