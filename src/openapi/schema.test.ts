import { expect, it } from 'vitest';
import type { JsonSchema } from '../protocol/manifest.ts';
import { parseDocument } from './document.ts';
import { createSchemas } from './schema.ts';
import { shown } from './schema-views.ts';

const { resolve } = parseDocument(
  JSON.stringify({
    openapi: '3.0.0',
    paths: {},
    components: {
      schemas: {
        Name: { type: 'string', maxLength: 5, pattern: '^(a+)+$', format: 'slug' },
        Loop: { type: 'object', properties: { next: { $ref: '#/components/schemas/Loop' } } },
        Knot: {
          oneOf: [
            { $ref: '#/components/schemas/Knot' },
            { type: 'array', items: { $ref: '#/components/schemas/Knot' } },
          ],
        },
        Circle: { $ref: '#/components/schemas/Circle' },
      },
    },
  }),
);
const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const text = { type: 'string' };

/** As callers are shown it. */
function toInputSchema(given: unknown, levels = 3): JsonSchema {
  const schemas = createSchemas(resolve);
  const schema = schemas.read(given);
  return shown(schema, schemas.definitions, { hidden: 'readOnly', levels });
}

it.each<[string, unknown, unknown]>([
  ['a reference, without what other dialects judge otherwise', ref('Name'), { type: 'string', maxLength: 5 }],
  ['null, as 3.0 says it', { type: 'string', nullable: true }, { anyOf: [text, { type: 'null' }] }],
  ['null, as 3.1 says it', { type: ['string', 'null'] }, { anyOf: [text, { type: 'null' }] }],
  ['null, as a union says it', { oneOf: [text, { type: 'null' }] }, { anyOf: [text, { type: 'null' }] }],
  ['several types', { type: ['string', 'integer'] }, { anyOf: [text, { type: 'integer' }] }],
  ['a union of one', { anyOf: [text] }, text],
  [
    'a union of words',
    {
      oneOf: [
        { enum: ['a'], type: 'string' },
        { enum: ['b'], type: 'string' },
      ],
    },
    { type: 'string', enum: ['a', 'b'] },
  ],
  [
    'a union of kinds of objects',
    { oneOf: [{ type: 'object', properties: { a: text } }, { type: 'object' }] },
    { oneOf: [{ type: 'object', properties: { a: text } }, { type: 'object' }] },
  ],
  [
    'parts of one object',
    {
      allOf: [
        { type: 'object', properties: { a: text }, required: ['a'] },
        { properties: { b: text }, required: ['b'] },
      ],
    },
    { type: 'object', properties: { a: text, b: text }, required: ['a', 'b'] },
  ],
  [
    'which properties go together is left to the platform',
    { properties: { a: text, b: text }, anyOf: [{ required: ['a'] }, { required: ['b'] }] },
    { type: 'object', properties: { a: text, b: text } },
  ],
  [
    'what can only be read is not asked for',
    {
      type: 'object',
      required: ['id', 'a'],
      properties: { id: { type: 'string', readOnly: true }, a: text },
    },
    { type: 'object', properties: { a: text }, required: ['a'] },
  ],
  ['a map', { additionalProperties: text }, { type: 'object', additionalProperties: text }],
  [
    'a list',
    { items: { type: 'integer', minimum: 1 } },
    { type: 'array', items: { type: 'integer', minimum: 1 } },
  ],
  [
    'a default is told and not set',
    { type: 'integer', default: 30, description: 'How many.' },
    { type: 'integer', description: 'How many. (default 30)' },
  ],
  [
    'markup and long words',
    { type: 'string', description: `See [the *docs*](https://x).\n\n${'long '.repeat(99)}` },
    { type: 'string', description: 'See the docs.' },
  ],
  ['a circle of nothing', ref('Circle'), {}],
  ['another document', { $ref: 'other.yaml#/x' }, {}],
  ['a type that there is not', { type: 'file', description: 'x' }, { description: 'x' }],
  [
    'an exclusive bound, as 3.0 says it',
    { type: 'integer', exclusiveMinimum: true, minimum: 1 },
    { type: 'integer', exclusiveMinimum: 1 },
  ],
])('%s', (_, given, schema) => {
  expect(toInputSchema(given)).toEqual(schema);
});

it('ends where a schema holds itself', () => {
  expect(JSON.stringify(toInputSchema(ref('Loop'))).length).toBeLessThan(500);
  expect(JSON.stringify(toInputSchema(ref('Knot'))).length).toBeLessThan(2_000);
});
