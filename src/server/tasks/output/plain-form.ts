// A schema as upstreams take it that know less of JSON Schema than there is (Gemini's, Bedrock's, the strict
// modes, grammars of local servers): types, fields, lists and choices, without references. What else it demands
// is told in words. A model is shown it once its upstream has refused the whole (guest/output/forms.ts); what an
// answer has to fit stays the whole. Pure. Used by lease.ts.
import { isRecord } from '../../../lib/json.ts';
import { LIMITS } from '../../../protocol/limits.ts';
import type { AnswerSchema } from '../../../protocol/output.ts';

type Schema = Record<string, unknown>;

/** References followed within each other, and schemas in all: what lies beyond may be anything. */
const DEEP = 8;
const NODES = 1_000;
const TOLD_LENGTH = 300;
const CHOICES_MOST = 200;

/** Told by the form itself, or of no use to a model. */
const SAID = new Set([
  ...['type', 'description', 'properties', 'required', 'items', 'enum', 'const', 'anyOf', 'oneOf', 'title'],
  ...['$ref', '$defs', 'definitions', '$schema', '$id', '$anchor', '$dynamicAnchor', '$comment', 'default'],
  ...['examples', 'additionalProperties', 'deprecated', 'readOnly', 'writeOnly', 'nullable'],
]);

export function plainForm(schema: AnswerSchema): AnswerSchema {
  for (let deep = DEEP; deep >= 0; deep -= 1) {
    const { anyOf: _, ...plain } = formOf(schema, schema, { deep, room: { nodes: NODES } });
    const form = {
      ...plain,
      type: 'object',
      properties: isRecord(plain['properties']) ? plain['properties'] : {},
    };
    if (Buffer.byteLength(JSON.stringify(form)) <= LIMITS.outputSchemaBytes) return form;
  }
  return { type: 'object', properties: {} };
}

interface Place {
  /** References that may still be followed. */
  deep: number;
  room: { nodes: number };
}

function formOf(given: unknown, root: Schema, place: Place): Schema {
  place.room.nodes -= 1;
  if (!isRecord(given) || place.room.nodes < 0) return {};
  const reference = given['$ref'];
  if (typeof reference === 'string') {
    const meant = place.deep > 0 ? targetOf(reference, root) : null;
    const { $ref: _, ...beside } = given;
    return formOf({ ...(meant ?? {}), ...beside }, root, { ...place, deep: place.deep - 1 });
  }
  const { type, properties, required, items } = given;
  const form: Schema = {};
  const types = [type].flat().filter((one) => typeof one === 'string');
  const main = types.find((one) => one !== 'null');
  if (main !== undefined) form['type'] = main;
  const choices = 'const' in given ? [given['const']] : given['enum'];
  // Others than texts are choices that some upstreams do not take.
  if (Array.isArray(choices) && choices.length <= CHOICES_MOST && choices.every((one) => typeof one === 'string'))
    Object.assign(form, { type: 'string', enum: choices });
  if (isRecord(properties)) {
    const fields = Object.entries(properties).map(([name, field]) => [name, formOf(field, root, place)]);
    Object.assign(form, { type: 'object', properties: Object.fromEntries(fields) });
    const named = Array.isArray(required)
      ? required.filter((name) => Object.hasOwn(properties, String(name)))
      : [];
    if (named.length > 0) form['required'] = named;
  }
  if (main === 'array') form['items'] = formOf(items, root, place);
  const forms = given['anyOf'] ?? given['oneOf'];
  if (Array.isArray(forms)) form['anyOf'] = forms.map((one) => formOf(one, root, place));
  const description = [given['description'], toldOf(given, form)].filter((one) => typeof one === 'string');
  if (description.length > 0) form['description'] = description.join(' ');
  return form;
}

/** What the form does not say, as JSON; undefined: nothing. */
function toldOf(given: Schema, form: Schema): string | undefined {
  const choices = form['enum'] === undefined ? ['enum', 'const'] : [];
  const isWide = Array.isArray(given['type']) && given['type'].length > 1 ? ['type'] : [];
  const isClosed = given['additionalProperties'] === false ? ['additionalProperties'] : [];
  const told = Object.entries(given).filter(
    ([word]) => !SAID.has(word) || [...choices, ...isWide, ...isClosed].includes(word),
  );
  if (told.length === 0) return undefined;
  const text = JSON.stringify(Object.fromEntries(told));
  return `It must fit: ${text.length > TOLD_LENGTH ? `${text.slice(0, TOLD_LENGTH)}…` : text}`;
}

/** Null: there is none, or it is known by a name only. */
function targetOf(reference: string, root: Schema): Schema | null {
  if (!reference.startsWith('#')) return null;
  let found: unknown = root;
  for (const part of reference.slice(1).split('/').slice(1)) {
    const name = decoded(part).replaceAll('~1', '/').replaceAll('~0', '~');
    const isThere = typeof found === 'object' && found !== null && Object.hasOwn(found, name);
    found = isThere ? (found as Schema)[name] : undefined;
  }
  return isRecord(found) ? found : null;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
