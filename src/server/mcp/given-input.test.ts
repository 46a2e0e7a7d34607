import { expect, it } from 'vitest';
import type { JsonSchema } from '../../protocol/manifest.ts';
import { givenInput } from './given-input.ts';

const SCHEMA: JsonSchema = {
  type: 'object',
  required: ['id', 'must'],
  properties: {
    id: { type: 'string' },
    must: { type: ['string', 'null'] },
    limit: { type: 'integer' },
    note: { type: ['string', 'null'] },
    either: { anyOf: [{ type: 'string' }, { type: 'null' }] },
    neither: { anyOf: [{ type: 'string' }, { type: 'integer' }] },
    fixed: { const: null },
    open: {},
    labels: { type: 'array', items: { type: 'string' } },
    lines: {
      type: 'array',
      items: { type: 'object', properties: { sku: { type: 'string' }, per: { type: 'number' } } },
    },
    budget: {
      type: 'object',
      properties: { tokens: { type: 'integer' }, usd: { type: 'number' } },
      required: ['usd'],
    },
    text: { type: ['string', 'object'] },
    all: {
      allOf: [
        { type: 'object', properties: { deep: { type: 'array' } } },
        { properties: { other: { type: 'number' } } },
      ],
    },
    one: { oneOf: [{ type: 'object', properties: { a: { type: 'number' } } }, { type: 'null' }] },
  },
};

it.each([
  ['null of what may be left out', { limit: null, neither: null, labels: null }, {}],
  [
    'null where null is a value',
    { note: null, either: null, fixed: null, open: null },
    { note: null, either: null, fixed: null, open: null },
  ],
  ['null of what must be there stays, to be refused', { id: null, must: null }, { id: null, must: null }],
  ['null within an object', { budget: { tokens: null, usd: null } }, { budget: { usd: null } }],
  ['null within the objects of a list', { lines: [{ sku: 'a', per: null }] }, { lines: [{ sku: 'a' }] }],
  ['null in what allOf brings', { all: { deep: null, other: null, x: null } }, { all: { x: null } }],
  ['null in the one object of a union', { one: { a: null } }, { one: {} }],
  ['a list as text', { labels: '["a","b"]' }, { labels: ['a', 'b'] }],
  ['an object as text, with a list as text in it', { all: ' {"deep":"[1]"}' }, { all: { deep: [1] } }],
  ['null in an object as text', { budget: '{"tokens":null,"usd":1}' }, { budget: { usd: 1 } }],
  ['text where text is declared', { text: '{"a":1}', id: '[1]' }, { text: '{"a":1}', id: '[1]' }],
  ['text that is no JSON', { labels: '[a' }, { labels: '[a' }],
  ['JSON of another kind', { labels: '{"a":1}', budget: '[]' }, { labels: '{"a":1}', budget: '[]' }],
  ['a name that is not declared', { limt: null, constructor: null }, { limt: null, constructor: null }],
])('%s', (_, given, expected) => {
  expect({ ...givenInput(given, SCHEMA) }).toEqual(expected);
});

it('a number in JSON text keeps its digits', () => {
  const schema = { type: 'object', properties: { list: { type: 'array' } } };
  expect(JSON.stringify(givenInput({ list: '[12345678901234567890]' }, schema))).toBe(
    '{"list":[12345678901234567890]}',
  );
});

it('what is nested without end is left as it is', () => {
  let value: object = {};
  for (let depth = 0; depth < 20_000; depth += 1) value = { a: value };
  const schema: JsonSchema = { type: 'object', properties: {} };
  schema.properties = { a: schema };
  expect(givenInput(value as Record<string, unknown>, schema)).toBeTypeOf('object');
});
