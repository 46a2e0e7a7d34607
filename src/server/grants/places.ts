// What a command's input may be at a place within it: told from the command's schema, so that a limit can be
// refused that is about nothing. For compile-schema.ts and compile-limit.ts. Pure.
import type { Command } from '../../command/define-command.ts';
import { toJsonSchema } from '../../command/manifest.ts';
import { isRecord } from '../../lib/json.ts';
import type { Definitions } from '../../openapi/schema.ts';
import { formsOf, isDigitsText, isNumeric, plainOf, typesIn } from '../../openapi/schema-views.ts';
import type { JsonSchema } from '../../protocol/manifest.ts';

/** Each of a list. */
export const EACH = Symbol('*');
/** From the input to a place in it. */
export type Step = string | typeof EACH;

/** All that the command's schema lets be at one place; null: anything. */
export interface Place {
  forms: readonly JsonSchema[] | null;
  definitions: Definitions;
}

export const ANYWHERE: Place = { forms: null, definitions: {} };
/** Forms of one place, and unions within unions. */
const FORMS_MOST = 200;

/** The whole input of a command, after its schema has checked it. */
export function inputOf(command: Command): Place {
  const whole = command.whole?.().input ?? toJsonSchema(command.input, 'output');
  const { $defs } = whole;
  return placeOf([whole], isRecord($defs) ? ($defs as Definitions) : {});
}

function placeOf(schemas: readonly JsonSchema[], definitions: Definitions): Place {
  const forms: JsonSchema[] = [];
  const found = new Set<JsonSchema>();
  const waiting = [...schemas];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    if (found.has(next)) continue;
    found.add(next);
    if (found.size > FORMS_MOST) return { forms: null, definitions };
    const node = plainOf(next, definitions);
    const inner = [
      ...formsOf(node),
      ...(Array.isArray(node['allOf']) ? (node['allOf'] as JsonSchema[]).flatMap(formsOf) : []),
    ];
    waiting.push(...inner);
    if (isOpen(node) && inner.length === 0) return { forms: null, definitions };
    if (!isOpen(node)) forms.push(node);
  }
  return { forms, definitions };
}

const SAYS_WHAT = ['type', 'enum', 'const', 'properties', 'items', 'prefixItems', 'additionalProperties', 'not'];

/** Whether it says nothing of what there may be. */
const isOpen = (node: JsonSchema) => !SAYS_WHAT.some((word) => word in node);

/** @returns null: nothing can be there */
export function placeAt({ forms, definitions }: Place, step: Step): Place | null {
  if (forms === null) return { forms, definitions };
  const next = forms.flatMap((form) => schemasAt(form, step));
  if (next.length === 0) return null;
  return next.includes(true) ? { forms: null, definitions } : placeOf(next as JsonSchema[], definitions);
}

function schemasAt(form: JsonSchema, step: Step): (JsonSchema | true)[] {
  const types = typesIn(form);
  const may = (type: string) => types.length === 0 || types.includes(type);
  const { properties, items, prefixItems, additionalProperties } = form;
  const first = Array.isArray(prefixItems) ? (prefixItems as JsonSchema[]) : [];
  const rest: (JsonSchema | true)[] = isRecord(items)
    ? [items as JsonSchema]
    : items === undefined && first.length === 0
      ? [true]
      : [];
  if (may('array') && step === EACH) return [...first, ...rest];
  if (may('array') && types.includes('array') && typeof step === 'string' && /^\d{1,6}$/.test(step)) {
    const own = first[Number(step)];
    return own === undefined ? rest : [own];
  }
  if (!may('object') || step === EACH) return [];
  if (properties && Object.hasOwn(properties, step)) return [properties[step] ?? {}];
  if (isRecord(additionalProperties)) {
    return Object.keys(additionalProperties).length === 0 ? [true] : [additionalProperties as JsonSchema];
  }
  return additionalProperties === true || (properties === undefined && additionalProperties === undefined)
    ? [true]
    : [];
}

/** Where the steps lead; null: nothing can be there. */
export function placeBehind(place: Place, steps: readonly Step[]): Place | null {
  let here: Place | null = place;
  for (const step of steps) here = here && placeAt(here, step);
  return here;
}

/** JSON's types that a value at the place can be, `integer` as `number`; null: any. */
export function typesAt({ forms }: Place): ReadonlySet<string> | null {
  if (forms === null) return null;
  const types = new Set<string>();
  for (const form of forms) {
    const told = typesIn(form);
    const values = 'const' in form ? [form['const']] : (form.enum ?? []);
    if (told.length === 0 && values.length === 0) {
      if (form.properties || form['additionalProperties']) types.add('object');
      else if (form.items || form['prefixItems']) types.add('array');
      else return null;
    }
    for (const type of told) types.add(type === 'integer' ? 'number' : type);
    if (told.length === 0) for (const value of values) types.add(typeName(value));
    if (isDigitsText(form)) types.add('number');
  }
  return types;
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

/** Whether strings of digits are numbers there: what a platform's exact numbers are in Seed. */
export function takesDigits({ forms }: Place): boolean {
  return (
    forms?.some((form) => isDigitsText(form) || (isNumeric(form) && !typesIn(form).includes('string'))) ?? false
  );
}

/** A JSON pointer in which `*` stands for each of a list, as its steps. */
export function stepsOf(pointer: string): Step[] {
  return pointer
    .slice(1)
    .split('/')
    .map((part) => (part === '*' ? EACH : part.replaceAll('~1', '/').replaceAll('~0', '~')));
}

/** And back. */
export function pointerOf(steps: readonly Step[]): string {
  return steps
    .map((step) => (step === EACH ? '/*' : `/${step.replaceAll('~', '~0').replaceAll('/', '~1')}`))
    .join('');
}
