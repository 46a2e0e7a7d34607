// The fields that an object may have: its own, those of the forms that stand beside them, and those that are asked
// for and described nowhere. Used by body.ts.
import { isDeepStrictEqual } from 'node:util';
import { isRecord } from '../lib/json.ts';
import type { JsonSchema } from '../protocol/manifest.ts';
import type { Definitions } from './schema.ts';
import { formsOf, type Hidden, plainOf, seenMembers, titleOf, typesIn } from './schema-views.ts';

export interface Field {
  name: string;
  schema: JsonSchema;
  /** Whether it is certain that there is no object without it. */
  isRequired: boolean;
  /** What is said of it besides; empty: nothing. */
  note: string;
}

const TITLES_MOST = 3;
const UNDESCRIBED = 'Asked for, and described nowhere';

/**
 * @param node as `plainOf` makes it
 * @returns none where it has no fields of its own: then its forms are all of it
 */
export function fieldsIn(node: JsonSchema, definitions: Definitions, hidden: Hidden): Field[] {
  const own = seenMembers(node, definitions, hidden);
  if (own.length === 0) return [];
  const { required = [] } = node;
  const inForms = fieldsOfForms(node, definitions);
  const certain = new Set([...required, ...unionsOf(node).flatMap((forms) => sharedBy(forms, definitions))]);
  const ownNames = new Set(Object.keys(node.properties ?? {}));
  const isSeen = (schema: JsonSchema) => plainOf(schema, definitions)[hidden] !== true;
  const others = [...inForms].filter(([name]) => !ownNames.has(name));
  return [
    ...own.map(([name, schema]) => ({ name, schema, isRequired: certain.has(name), note: '' })),
    ...others.flatMap(([name, { schemas, titles }]): Field[] => {
      const seen = schemas.filter(isSeen);
      const [first] = seen;
      if (first === undefined) return [];
      // A name that only some of the forms know cannot be asked of all, though the object says so.
      const isRequired = unionsOf(node).some((forms) => sharedBy(forms, definitions).includes(name));
      return [{ name, schema: seen.length === 1 ? first : { anyOf: seen }, isRequired, note: noteOf(titles) }];
    }),
    ...undescribed(
      node,
      required.filter((name) => !ownNames.has(name) && !inForms.has(name)),
    ),
  ];
}

/** The platform wants them: they can be given. The document that forgot them may be wrong: they need not be. */
function undescribed(node: JsonSchema, names: readonly string[]): Field[] {
  const { additionalProperties: more, unevaluatedProperties } = node;
  if (more === false || unevaluatedProperties === false) return [];
  const schema = isRecord(more) ? (more as JsonSchema) : {};
  return names.map((name) => ({ name, schema, isRequired: false, note: UNDESCRIBED }));
}

/** The unions beside an object's own fields, also those that parts of it share. */
function unionsOf({ oneOf, anyOf, allOf }: JsonSchema): JsonSchema[][] {
  const parts = Array.isArray(allOf) ? (allOf as JsonSchema[]) : [];
  const unions = [oneOf, anyOf].filter((each) => Array.isArray(each)) as JsonSchema[][];
  return [...unions, ...parts.flatMap(unionsOf)];
}

/** What else the object may be: forms of unions, and what holds under a condition. */
function formsBeside(node: JsonSchema): JsonSchema[] {
  const { allOf, then, else: otherwise, dependentSchemas } = node;
  const parts = Array.isArray(allOf) ? (allOf as JsonSchema[]) : [];
  const dependent = isRecord(dependentSchemas) ? Object.values(dependentSchemas) : [];
  const conditional = [then, otherwise, ...dependent].filter((each) => isRecord(each)) as JsonSchema[];
  return [...formsOf(node), ...conditional, ...parts.flatMap(formsBeside)];
}

interface OfForms {
  /** No two alike. */
  schemas: JsonSchema[];
  titles: Set<string>;
}

function fieldsOfForms(node: JsonSchema, definitions: Definitions): Map<string, OfForms> {
  const found = new Map<string, OfForms>();
  /** A form may hold the object whose form it is. */
  const known = new Set<unknown>();
  const collect = (of: JsonSchema, title: string) => {
    for (const form of formsBeside(of)) {
      const key = form['$ref'] ?? form;
      if (known.has(key)) continue;
      known.add(key);
      const plain = plainOf(form, definitions);
      const told = title || String(titleOf({ form, plain })['title'] ?? '');
      for (const [name, schema] of Object.entries(plain.properties ?? {})) add(name, schema, told);
      collect(plain, told);
    }
  };
  const add = (name: string, schema: JsonSchema, title: string) => {
    const { schemas, titles } = found.get(name) ?? { schemas: [], titles: new Set() };
    if (!schemas.some((each) => isDeepStrictEqual(each, schema))) schemas.push(schema);
    if (title !== '') titles.add(title);
    found.set(name, { schemas, titles });
  };
  collect(node, '');
  return found;
}

/** What every form asks for that is no null. */
function sharedBy(forms: readonly JsonSchema[], definitions: Definitions): string[] {
  const real = forms.map((form) => plainOf(form, definitions)).filter((form) => typesIn(form).join() !== 'null');
  const [first, ...others] = real.map(({ required = [] }) => required);
  return (first ?? []).filter((name) => others.every((required) => required.includes(name)));
}

function noteOf(titles: ReadonlySet<string>): string {
  const told = [...titles].slice(0, TITLES_MOST);
  return told.length === 0 ? '' : `Of ${told.join(', ')}${titles.size > told.length ? ' and others' : ''}`;
}
