// What of a document's schemas is shown, in Seed's own dialect: one level of fields for help, MCP and manifest, or
// all of it for `seed commands show`. Exact numbers are strings of digits there, as in protobuf's JSON mapping.
import { isRecord } from '../lib/json.ts';
import type { JsonSchema } from '../protocol/manifest.ts';
import { type Definitions, oneLine, REFERENCE } from './schema.ts';

const DESCRIPTION_LENGTH = 120;
const CHOICES_MOST = 100;
/** Fields of an object and forms of a union that one level shows; all of them are in the whole. */
const FIELDS_MOST = 100;
const FORMS_MOST = 30;
/** Unions and lists within each other at one level. */
const WITHIN_MOST = 3;
const TOLD_DEFAULTS: readonly string[] = ['string', 'number', 'boolean'];
const BOUNDS =
  'minimum maximum exclusiveMinimum exclusiveMaximum minLength maxLength minItems maxItems contentEncoding'.split(
    ' ',
  );
/** What everybody understands alike; other formats are in the whole. */
const FORMATS = /^(date|date-time|time|duration|email|hostname|ipv4|ipv6|uri|uuid|binary|byte|password)$/;
/** Numbers that have more digits than a double holds. */
const EXACT_FORMATS = /^(u?int64|u?long|int128|uint128|bigint|decimal|decimal128|money)$/;
const SCALARS = ['string', 'integer', 'number', 'boolean'];

/** What one side does not see: callers send nothing read-only, and are answered nothing write-only. */
export type Hidden = 'readOnly' | 'writeOnly';

/** @returns the types of a schema, null among them where it may be that */
export function typesIn({ type }: JsonSchema): string[] {
  return type === undefined ? [] : [type].flat();
}

export function isNumeric(schema: JsonSchema): boolean {
  return typesIn(schema).some((type) => type === 'integer' || type === 'number');
}

/** Whether it is a number whose every digit counts: one that Seed shows as a string of digits. */
export function isExact(schema: JsonSchema): boolean {
  return isNumeric(schema) && !typesIn(schema).includes('string') && EXACT_FORMATS.test(String(schema['format']));
}

/** Whether it is such a number as it is shown: a string of digits. */
export function isDigitsText(schema: JsonSchema): boolean {
  return typesIn(schema).includes('string') && EXACT_FORMATS.test(String(schema['format']));
}

/** Followed to what it refers to; with the parts of its allOf as one. Unions that share it stay in `allOf`. */
export function plainOf(schema: JsonSchema, definitions: Definitions, open: readonly string[] = []): JsonSchema {
  const { $ref, allOf, ...own } = schema;
  if (typeof $ref === 'string') {
    // What is a part of itself adds nothing to it.
    const target = open.includes($ref) ? {} : (definitions[$ref.slice(REFERENCE.length)] ?? {});
    return { ...plainOf(target, definitions, [...open, $ref]), ...own };
  }
  if (!Array.isArray(allOf)) return schema;
  const parts = (allOf as JsonSchema[]).map((part) => plainOf(part, definitions, open));
  return [...parts, own].reduce(mergeTwo, {});
}

function mergeTwo(one: JsonSchema, other: JsonSchema): JsonSchema {
  const properties = { ...one.properties, ...other.properties };
  const required = [...new Set([...(one.required ?? []), ...(other.required ?? [])])];
  const unions = ['oneOf', 'anyOf'].filter((word) => word in one && word in other);
  const left = [one, other].flatMap(({ allOf }) => (Array.isArray(allOf) ? allOf : []));
  left.push(...unions.map((word) => ({ [word]: one[word] })));
  return {
    ...one,
    ...other,
    ...(Object.keys(properties).length > 0 && { properties }),
    ...(required.length > 0 && { required }),
    ...(left.length > 0 && { allOf: left }),
  };
}

/** The forms of a union; none where it is none. */
export function formsOf({ oneOf, anyOf }: JsonSchema): JsonSchema[] {
  return [oneOf, anyOf].flatMap((each) => (Array.isArray(each) ? (each as JsonSchema[]) : []));
}

/** @param levels how many of objects within each other are told with their fields */
export function shown(
  schema: JsonSchema,
  definitions: Definitions,
  { hidden, levels = 1 }: { hidden: Hidden; levels?: number },
): JsonSchema {
  const view = (inner: JsonSchema, left: number, within = 0): JsonSchema => {
    const node = plainOf(inner, definitions);
    const { schema: bare, nullable } = bareView(node, left, within);
    const described = { ...bare, ...descriptionOf(node) };
    if (!nullable) return described;
    const { description, ...rest } = described;
    return { ...(description && { description }), anyOf: [rest, { type: 'null' }] };
  };

  /** @param within how many unions and lists it is in, at its level */
  function bareView(node: JsonSchema, left: number, within: number): { schema: JsonSchema; nullable: boolean } {
    const types = typesIn(node);
    const forms = formsOf(node).map((form) => ({ form, plain: plainOf(form, definitions) }));
    const real = forms.filter(({ plain }) => !isNull(plain));
    const nullable = types.includes('null') || real.length < forms.length;
    const kinds = types.filter((type) => type !== 'null');
    if (node.properties === undefined && real.length > 0) return unionView(node, real, { left, nullable, within });
    const all = (kinds.length > 0 ? kinds : [undefined]).map((type) => ofType(type, node, left, within));
    const bare = all.length === 1 ? (all[0] ?? {}) : { anyOf: all };
    // Beside fields of its own they say which go together, and what else there is.
    const more = left > 0 ? real.filter(({ plain }) => plain.properties !== undefined) : [];
    const fields = more.length > 0 && {
      oneOf: more.slice(0, FORMS_MOST).map((each) => formView(each, left, within)),
    };
    return { schema: { ...bare, ...fields, ...choiceOf(node) }, nullable };
  }

  function unionView(
    node: JsonSchema,
    real: readonly Form[],
    { left, nullable, within }: { left: number; nullable: boolean; within: number },
  ) {
    if (within >= WITHIN_MOST) return { schema: {}, nullable };
    const all = real.slice(0, FORMS_MOST).map((each) => {
      const { schema: bare, nullable: isNullable } = bareView(each.plain, left, within + 1);
      return { each, bare, isNullable };
    });
    const mayBeNull = nullable || all.some(({ isNullable }) => isNullable);
    const simple = simplest(all.map(({ bare }) => bare));
    if (simple !== null) return { schema: simple, nullable: mayBeNull };
    const isMixed = all.some(({ bare }) => SCALARS.includes(String(bare.type)));
    const word = node['oneOf'] !== undefined && !isMixed ? 'oneOf' : 'anyOf';
    const views = all.map(({ each, bare }) => ({ ...titleOf(each), ...bare, ...descriptionOf(each.plain) }));
    return { schema: { [word]: views, ...choiceOf(node) }, nullable: mayBeNull };
  }

  const formView = (each: Form, left: number, within: number): JsonSchema => ({
    ...titleOf(each),
    ...(within < WITHIN_MOST && bareView({ ...each.plain, discriminator: undefined }, left, within + 1).schema),
    ...descriptionOf(each.plain),
  });

  function ofType(type: string | undefined, node: JsonSchema, left: number, within: number): JsonSchema {
    const isDigits = isExact(node) && (type === 'integer' || type === 'number');
    const told: JsonSchema = type === undefined ? {} : { type: isDigits ? 'string' : type };
    if (isDigits) Object.assign(told, { format: node['format'], pattern: digitsPattern(type) });
    else if (FORMATS.test(String(node['format']))) told['format'] = node['format'];
    const choices = (node.enum ?? []).filter((choice) => choice !== null);
    const text = (choice: unknown) => (type === 'string' || isDigits ? String(choice) : choice);
    if (choices.length > 0 && choices.length <= CHOICES_MOST && type !== undefined) told.enum = choices.map(text);
    if ('const' in node) told.enum = [text(node['const'])];
    for (const bound of BOUNDS) if (bound in node) told[bound] = node[bound];
    if (type === 'array' && within < WITHIN_MOST) Object.assign(told, itemsOf(node, left, within + 1));
    if (type === 'object' && left > 0) Object.assign(told, membersOf(node, left));
    return told;
  }

  function itemsOf(node: JsonSchema, left: number, within: number): JsonSchema {
    const { items, prefixItems } = node;
    const first = Array.isArray(prefixItems) && {
      prefixItems: prefixItems.slice(0, FORMS_MOST).map((item) => view(item, left, within)),
    };
    return { ...first, ...(isRecord(items) && { items: view(items, left, within) }) };
  }

  function membersOf(node: JsonSchema, left: number): JsonSchema {
    const members = seenMembers(node, definitions, hidden);
    const told = members.slice(0, FIELDS_MOST);
    const required = requiredIn(node, members);
    const values = node['additionalProperties'];
    return {
      ...(told.length > 0 && {
        properties: Object.fromEntries(told.map(([name, inner]) => [name, view(inner, left - 1)])),
      }),
      ...(required.length > 0 && { required }),
      ...(isRecord(values) && Object.keys(values).length > 0 && { additionalProperties: view(values, left - 1) }),
    };
  }

  return view(schema, levels);
}

type Form = { form: JsonSchema; plain: JsonSchema };

const isNull = (schema: JsonSchema) => typesIn(schema).join() === 'null';
const digitsPattern = (type: string | undefined) =>
  type === 'integer' ? '^-?[0-9]+$' : '^-?[0-9]+([.][0-9]+)?([eE][+-]?[0-9]+)?$';

/** The fields of an object that its side sees. */
export function seenMembers(
  node: JsonSchema,
  definitions: Definitions,
  hidden: Hidden,
): [name: string, schema: JsonSchema][] {
  const members = Object.entries(node.properties ?? {});
  return members.filter(([, inner]) => plainOf(inner, definitions)[hidden] !== true);
}

function requiredIn({ required = [] }: JsonSchema, members: readonly [string, JsonSchema][]): string[] {
  const names = new Set(members.map(([name]) => name));
  return required.filter((name) => names.has(name));
}

/** One schema that says the same as all forms: that of one, or of scalars of one type. Null: there is none. */
function simplest(forms: readonly JsonSchema[]): JsonSchema | null {
  const [first] = forms;
  if (first === undefined) return {};
  if (forms.length === 1) return first;
  const { type } = first;
  const isOne =
    type !== undefined && forms.every((form) => form.type === type && form['format'] === first['format']);
  if (!isOne) return null;
  if (!SCALARS.includes(String(type)) && forms.some((form) => form.properties ?? form.items)) return null;
  if (!forms.every((form) => form.enum)) return { type };
  return { type, enum: [...new Set(forms.flatMap((form) => form.enum))] };
}

/** What the form of a union is called. */
export function titleOf({ form, plain }: Form): JsonSchema {
  const { $ref } = form;
  if (plain['title'] !== undefined) return { title: plain['title'] };
  return typeof $ref === 'string' ? { title: $ref.slice(REFERENCE.length) } : {};
}

/** The property whose value says which form of a union it is; values lead to the titles of the forms. */
function choiceOf({ discriminator }: JsonSchema): JsonSchema {
  if (!isRecord(discriminator)) return {};
  const { propertyName, mapping } = discriminator;
  const titles = Object.entries(isRecord(mapping) ? mapping : {}).map(
    ([value, target]) => [value, String(target).slice(REFERENCE.length)] as const,
  );
  return { discriminator: { propertyName, ...(titles.length > 0 && { mapping: Object.fromEntries(titles) }) } };
}

/** With the default told and not set: filled in it would be sent, and an update would reset what nobody named. */
function descriptionOf(node: JsonSchema): { description?: string } {
  const text = oneLine(node.description ?? node['title'], DESCRIPTION_LENGTH);
  const preset = node.default;
  const told = TOLD_DEFAULTS.includes(typeof preset) && !text.includes(String(preset)) && preset !== '';
  const description = `${text}${told ? ` (default ${oneLine(String(preset), 40)})` : ''}`.trim();
  return description === '' ? {} : { description };
}

const MAPS_OF_SCHEMAS = ['properties', 'patternProperties', 'dependentSchemas', '$defs'];
const DATA = ['enum', 'const', 'default', 'required', 'discriminator', 'dependentRequired'];

/** All of it, with the definitions that it refers to below `$defs`. */
export function wholeView(schema: JsonSchema, definitions: Definitions, hidden: Hidden): JsonSchema {
  const needed = new Map<string, JsonSchema>();
  const view = (node: JsonSchema): JsonSchema => {
    const seen = node.properties === undefined ? node : seenOnly(node);
    const result = Object.fromEntries(Object.entries(seen).map(([word, value]) => [word, inner(word, value)]));
    if (!isExact(node)) return result;
    const type = typesIn(node).map((each) => (each === 'null' ? each : 'string'));
    const { enum: choices } = node;
    return {
      ...result,
      type: type.length === 1 ? 'string' : type,
      pattern: digitsPattern(typesIn(node).includes('integer') ? 'integer' : 'number'),
      ...(choices && { enum: choices.map((choice) => (choice === null ? null : String(choice))) }),
    };
  };
  const seenOnly = (node: JsonSchema): JsonSchema => {
    const members = seenMembers(node, definitions, hidden);
    const gone = Object.keys(node.properties ?? {}).filter((name) => !members.some(([own]) => own === name));
    const required = (node.required ?? []).filter((name) => !gone.includes(name));
    const { required: _, ...rest } = node;
    return { ...rest, properties: Object.fromEntries(members), ...(required.length > 0 && { required }) };
  };
  const inner = (word: string, value: unknown): unknown => {
    if (word === '$ref' && typeof value === 'string') {
      need(value.slice(REFERENCE.length));
      return value;
    }
    if (DATA.includes(word)) return value;
    if (MAPS_OF_SCHEMAS.includes(word) && isRecord(value))
      return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, view(each as JsonSchema)]));
    if (Array.isArray(value)) return value.map((each) => (isRecord(each) ? view(each) : each));
    return isRecord(value) ? view(value) : value;
  };
  const need = (name: string) => {
    if (needed.has(name)) return;
    needed.set(name, {});
    needed.set(name, view(definitions[name] ?? {}));
  };
  const whole = view(schema);
  return needed.size === 0 ? whole : { ...whole, $defs: Object.fromEntries([...needed]) };
}
