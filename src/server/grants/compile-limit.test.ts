import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { z } from 'zod';
import type { Limit } from '../../protocol/grant.ts';
import { compileLimit, type LimitedCommand } from './compile-limit.ts';

const command = (input: z.ZodObject, more: Partial<LimitedCommand> = {}): LimitedCommand => ({
  name: 'orders create',
  scope: 'orders:write',
  effect: 'write',
  input,
  ...more,
});
const OPEN = command(
  z.object({ a: z.unknown(), b: z.unknown(), list: z.array(z.unknown()).optional(), note: z.string().nullish() }),
);
const limitOn = (more: Partial<Limit>): Limit => ({ scope: 'orders:write', per: 'task', else: 'deny', ...more });
const misfit = (input: object, value: unknown, of = OPEN) => {
  const { unfit, misfitOf } = compileLimit(limitOn({ input: input as Record<string, unknown> }), of);
  return unfit ? unfit.kind : misfitOf(value);
};

/** A literal with `then` could be taken for a promise. */
const conditional = (...[condition, holds, otherwise]: unknown[]) =>
  Object.fromEntries([
    ['if', condition],
    ['then', holds],
    ['else', otherwise],
  ]);

const scalars = fc.oneof(
  fc.integer({ min: -5, max: 12 }),
  fc.constantFrom('', 'x', 'xy', 'yyy', '7', true, false, null),
);
const values = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    scalars,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
})).value;
const whole = fc.integer({ min: 0, max: 4 });
const schemas = fc.letrec<{ schema: unknown }>((tie) => {
  const list = fc.array(tie('schema'), { minLength: 1, maxLength: 3 });
  return {
    schema: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      fc.constantFrom({}, true),
      fc.record({ enum: fc.array(scalars, { minLength: 1, maxLength: 3 }) }),
      fc.record({ const: scalars }),
      fc.record({ type: fc.constantFrom('string', 'number', 'integer', 'boolean', 'array', 'object') }),
      fc.record({ minimum: whole, maximum: fc.integer({ min: 0, max: 12 }) }, { requiredKeys: [] }),
      fc.record(
        { exclusiveMinimum: whole, exclusiveMaximum: whole, multipleOf: fc.constantFrom(1, 2, 3) },
        { requiredKeys: [] },
      ),
      fc.record(
        { minLength: whole, maxLength: whole, pattern: fc.constantFrom('^x', 'y+$', '^(xy|y)*$') },
        { requiredKeys: [] },
      ),
      fc.record({ items: tie('schema'), minItems: whole, maxItems: whole }, { requiredKeys: [] }),
      fc.record(
        {
          properties: fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('schema'), { noNullPrototype: true }),
          required: fc.uniqueArray(fc.constantFrom('a', 'b', 'c')),
          additionalProperties: fc.boolean(),
          minProperties: whole,
        },
        { requiredKeys: [] },
      ),
      fc.record({ allOf: list }),
      fc.record({ anyOf: list }),
      fc.record({ oneOf: list }),
      fc.record({ not: tie('schema') }),
      fc.tuple(tie('schema'), tie('schema'), tie('schema')).map((parts) => conditional(...parts)),
    ),
  };
}).schema;

const ajv = new Ajv2020({ strict: false, allErrors: false });

describe('beside JSON Schema itself', () => {
  it('lets nothing through that JSON Schema refuses, and takes nothing for impossible that it lets through', () => {
    fc.assert(
      fc.property(schemas, fc.record({ a: values, b: values }), (schema, input) => {
        const input2 = { properties: { a: schema } };
        const accepts = ajv.compile(input2)(input);
        const { unfit, misfitOf } = compileLimit(limitOn({ input: input2 }), OPEN);
        expect(unfit?.kind).not.toBe('unsupported');
        if (unfit === null && misfitOf(input) === null) expect(accepts).toBe(true);
      }),
      { numRuns: 400 },
    );
  });

  it('says never only where no value fits', () => {
    fc.assert(
      fc.property(schemas, fc.array(values, { minLength: 5, maxLength: 20 }), (schema, tried) => {
        const limit = limitOn({ input: { properties: { a: schema } } });
        const open = compileLimit(limit, OPEN);
        fc.pre(open.unfit?.kind === 'never');
        // Judged without looking whether it could hold: not through a command's place, but its own branch.
        const loose = compileLimit(
          limitOn({ input: { properties: { a: { anyOf: [schema, { const: 'never there' }] } } } }),
          OPEN,
        );
        for (const a of tried) expect(loose.misfitOf({ a }), JSON.stringify(a)).not.toBeNull();
      }),
      { numRuns: 100, maxSkipsPerRun: 1_000 },
    );
  });
});

test.each<[string, object, unknown, string | null]>([
  ['a field that is missing', { properties: { a: { maximum: 5 } } }, {}, '/a is missing'],
  ['null', { properties: { a: { maximum: 5 } } }, { a: null }, '/a is missing'],
  ['text for a number', { properties: { a: { maximum: 5 } } }, { a: '3' }, '/a is no number'],
  ['a number for text', { properties: { a: { pattern: '.' } } }, { a: 3 }, '/a is no string'],
  [
    'what must not be, of another type',
    { properties: { a: { not: { maximum: 5 } } } },
    { a: 'x' },
    '/a is no number',
  ],
  ['what must not be, and is not', { properties: { a: { not: { maximum: 5 } } } }, { a: 6 }, null],
  ['what must not be, and is missing', { not: { properties: { a: { const: 'x' } } } }, {}, '/a is missing'],
  [
    'one of two branches, of which each names a field',
    { anyOf: [{ properties: { a: {} } }, { properties: { b: {} } }] },
    { a: 1 },
    '/b is missing',
  ],
  [
    'a condition',
    conditional({ properties: { a: { const: 1 } } }, { properties: { b: { maximum: 1 } } }, true),
    { a: 1, b: 2 },
    '/b is more than 1',
  ],
  [
    'more digits than a double has',
    { properties: { a: { maximum: 0.3 } } },
    { a: 0.1 + 0.2 },
    '/a is more than 0.3',
  ],
  ['a tenth of tenths', { properties: { a: { multipleOf: 0.1 } } }, { a: 0.7 }, null],
  ['emojis as characters', { properties: { a: { maxLength: 2 } } }, { a: '😀😀' }, null],
  [
    'each of a list',
    { properties: { list: { items: { properties: { sku: { const: 's' } } } } } },
    { list: [{ sku: 's' }, {}] },
    '/list/*/sku is missing',
  ],
  [
    'a class for an object',
    { properties: { a: { properties: { x: {} } } } },
    { a: new Date() },
    '/a/x is missing',
  ],
  [
    'a name of every object',
    { properties: { a: { properties: { toString: {} } } } },
    { a: {} },
    '/a/toString is missing',
  ],
])('%s', (_what, schema, value, expected) => {
  expect(misfit(schema, value)).toBe(expected);
});

describe('numbers that Seed shows as text of digits', () => {
  const amount = { type: 'string', format: 'decimal', pattern: '^[0-9.]+$' };
  const imported = command(z.object({ amount: z.unknown(), code: z.string() }), {
    whole: () => ({ input: { type: 'object', properties: { amount, code: { type: 'string' } } }, output: null }),
  });
  it('are compared and added digit by digit', () => {
    const limit = limitOn({ input: { properties: { amount: { maximum: 500 } } }, sum: { '/amount': 500 } });
    const { misfitOf, countsOf } = compileLimit(limit, imported);
    expect(misfitOf({ amount: '500.00' })).toBeNull();
    expect(misfitOf({ amount: '500.0000000000000000001' })).toBe('/amount is more than 500');
    expect(misfitOf({ amount: '1e3' })).toBe('/amount is more than 500');
    for (const amount of ['٥٠٠', '0x10', '', '5 ', '+5', 'NaN', '1e999999999'])
      expect(misfitOf({ amount }), amount).not.toBeNull();
    expect(countsOf({ amount: '0.1' })).toMatchObject([{ amount: { units: 1n, scale: 1 } }]);
  });
  it('are not what is text otherwise', () => {
    expect(compileLimit(limitOn({ sum: { '/code': 5 } }), imported).unfit?.kind).toBe('never');
  });
});

test('a list of thousands and a schema of hundreds take a bounded time', () => {
  const branch = { properties: { sku: { pattern: '^(a|b|ab)*(a|b|ab)*c$' } } };
  const schema = { properties: { list: { items: { anyOf: Array.from({ length: 50 }, () => branch) } } } };
  const list = Array.from({ length: 5_000 }, () => ({ sku: 'ab'.repeat(100) }));
  const startedAt = process.cpuUsage();
  expect(misfit(schema, { list })).not.toBeNull();
  expect(process.cpuUsage(startedAt).user / 1_000).toBeLessThan(5_000);
});
