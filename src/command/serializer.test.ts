import fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { BUILT_IN } from '../server/built-in.ts';
import { isObject, isStream } from './define-command.ts';
import { serializerOf } from './serializer.ts';

const TEXTS = [
  '',
  'plain',
  '__proto__',
  'say "no"',
  'a\\b',
  'line\n',
  '\u0000',
  '\u007f',
  '\u2028',
  'grün',
  '😀',
  '\ud800',
];
const SHAPED = [
  ...[
    '00000000-0000-4000-8000-000000000000',
    'sk_live_x',
    'keys:read',
    '*',
    '10.0.0.0/8',
    'https://example.com/x',
  ],
  ...[
    '2026-11-29T23:10:29.731Z',
    '2026-11-29',
    'tasks run',
    'task.completed',
    '/total',
    '500.25',
    '30d',
    'a'.repeat(64),
    'x'.repeat(61),
  ],
];
const NUMBERS = [0, -0, 1, 7, 200, 60_000, 0.1, 1e-7, 123_456_789_012, 1e21, -1];

/** Those of the values that the schema takes. */
function fitting<Value>(schema: z.core.$ZodType, values: readonly Value[]): fc.Arbitrary<Value> {
  return fc.constantFrom(...values.filter((value) => z.core.safeParse(schema, value).success));
}

/** A value of the schema with fields that it does not declare, or `undefined` where that is allowed. */
function valuesOf(schema: z.core.$ZodType): fc.Arbitrary<unknown> {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case 'string':
      return fitting(schema, [...TEXTS, ...SHAPED]);
    case 'number':
      return fitting(schema, NUMBERS);
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'enum':
      return fc.constantFrom(...Object.values(def.entries));
    case 'literal':
      return fc.constantFrom(...def.values);
    case 'nullable':
      return fc.option(valuesOf(def.innerType), { nil: null });
    case 'default':
      return valuesOf(def.innerType);
    case 'optional':
      return fc.option(valuesOf(def.innerType), { nil: undefined });
    case 'array':
      return fc.array(valuesOf(def.element), { minLength: 1, maxLength: 4 });
    case 'record':
      return fc.dictionary(fitting(def.keyType, [...TEXTS, ...SHAPED]), valuesOf(def.valueType), {
        maxKeys: 4,
        noNullPrototype: true,
      });
    case 'object':
      return fc
        .record(Object.fromEntries(Object.entries(def.shape).map(([name, field]) => [name, valuesOf(field)])))
        .map((value) => ({ undeclared: 'never sent', ...value, accountId: value['accountId'] ?? 'hidden' }));
    case 'union':
      return fc.oneof(...def.options.map(valuesOf));
    case 'unknown':
    case 'any':
      return fc.jsonValue();
    default:
      throw new Error(`no values are made for ${def.type}`);
  }
}

const answers = BUILT_IN.flatMap((command) => {
  if (isObject(command)) return [{ name: command.name, schema: command.output as z.ZodType }];
  return isStream(command) ? [{ name: command.name, schema: command.item }] : [];
});

test.each(answers)('what "$name" answers is written byte for byte as it is when it is checked', ({ schema }) => {
  const serialize = serializerOf(schema);
  let written = 0;
  fc.assert(
    fc.property(valuesOf(schema), (value) => {
      const parsed = schema.safeParse(value);
      // A check of the whole, such as that one of two fields is set, is none of the serializer's.
      if (!parsed.success) return;
      written += 1;
      expect(serialize(value)).toBe(JSON.stringify(parsed.data));
    }),
    { numRuns: 40 },
  );
  expect(written).toBeGreaterThan(0);
});

const odd = {
  'a default is put in': [z.object({ limit: z.number().default(20) }), {}],
  'a text is trimmed': [z.object({ text: z.string().trim() }), { text: ' x ' }],
  'a transform': [z.object({ at: z.date().transform((at) => at.getTime()) }), { at: new Date(0) }],
  'a codec of a part': [z.object({ a: z.string(), b: z.coerce.number() }), { a: 'x', b: '7' }],
  'a union that only a look tells apart': [z.object({ a: z.union([z.string(), z.number()]) }), { a: 7 }],
  'a schema that holds itself': [tree(), { name: 'a', below: [{ name: 'b', below: [], more: 1 }] }],
  'loose fields': [z.looseObject({ a: z.string() }), { b: 1, a: 'x' }],
  'names of fields that are code': [
    z.object({ 'a"b': z.string(), "'];x": z.null() }),
    { 'a"b': 'x', "'];x": null },
  ],
  'what JSON leaves out': [
    z.object({ a: z.unknown(), b: z.undefined(), c: z.any() }),
    { a: undefined, b: undefined, c: [undefined] },
  ],
  'a check that puts another value in place': [z.object({ a: z.string().check(replace) }), { a: 'x' }],
} satisfies Record<string, readonly [z.ZodType, unknown]>;

function replace(payload: { value: unknown }): void {
  payload.value = 'other';
}

function tree(): z.ZodType {
  const node = z.object({
    name: z.string(),
    get below(): z.ZodType {
      return z.array(node);
    },
  });
  return node;
}

test.each(Object.entries(odd))('%s, as zod has it', (_what, [schema, value]) => {
  expect(serializerOf(schema)(value)).toBe(JSON.stringify(schema.parse(value)));
});

const unfit: [string, z.ZodType, unknown][] = [
  ['another type', z.object({ a: z.string() }), { a: 1 }],
  ['a field that is missing', z.object({ a: z.string() }), {}],
  ['a field that is missing and may be anything', z.object({ a: z.string(), b: z.unknown() }), { b: 1 }],
  ['no value', z.object({ a: z.string() }), undefined],
  ['a list instead of an object', z.object({}), []],
  ['an object instead of a list', z.array(z.string()), { length: 0 }],
  ['what an enum does not have', z.object({ a: z.enum(['x']) }), { a: 'toString' }],
  ['no finite number', z.object({ a: z.number() }), { a: Number.NaN }],
  [
    'what none of the options is',
    z.discriminatedUnion('type', [z.object({ type: z.literal('x') })]),
    { type: 'y' },
  ],
  ['a value that zod refuses', z.object({ a: z.coerce.number() }), { a: 'x' }],
];

test.each(unfit)('%s is not written', (_what, schema, value) => {
  expect(schema.safeParse(value).success).toBe(false);
  expect(serializerOf(schema)(value)).toBeNull();
});
