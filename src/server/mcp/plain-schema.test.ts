import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, it } from 'vitest';
import { LIMITS } from '../../protocol/limits.ts';
import { plainSchema } from './plain-schema.ts';

const TREE = {
  type: 'object',
  properties: { root: { $ref: '#/$defs/Node', description: 'The root' } },
  $defs: {
    Node: {
      type: 'object',
      properties: { name: { type: 'string' }, children: { type: 'array', items: { $ref: '#/$defs/Node' } } },
      required: ['name'],
    },
  },
};

it('has what a reference leads to in its place, with the words beside the reference', () => {
  const schema = {
    properties: { a: { $ref: '#/$defs/A~1B', description: 'Mine' }, $ref: { type: 'string' } },
    $defs: { 'A/B': { type: 'integer', description: 'Its own', enum: [1, { $ref: '#/$defs/X' }] } },
  };
  expect(plainSchema(schema)).toEqual({
    properties: {
      a: { type: 'integer', description: 'Mine', enum: [1, { $ref: '#/$defs/X' }] },
      $ref: { type: 'string' },
    },
  });
});

it('cuts what leads to itself, and still takes all that the whole takes', () => {
  const plain = plainSchema(TREE);
  expect(JSON.stringify(plain)).not.toMatch(/\$ref|\$defs/);
  let node: object = { name: 'leaf' };
  for (let deep = 0; deep < LIMITS.mcp.referencesDeep + 3; deep += 1) node = { name: 'inner', children: [node] };
  const validate = new Ajv2020().compile(plain);
  expect(validate({ root: node })).toBe(true);
  expect(validate({ root: { children: [] } })).toBe(false);
});

it('is no larger than there is room for, however many references there are', () => {
  const wide = (next: number) => ({
    type: 'object',
    properties: Object.fromEntries(
      Array.from({ length: 12 }, (_, index) => [`p${index}`, { $ref: `#/$defs/D${next}` }]),
    ),
  });
  const $defs = Object.fromEntries(Array.from({ length: 9 }, (_, index) => [`D${index}`, wide((index + 1) % 9)]));
  const plain = plainSchema({ ...wide(0), $defs });
  const nodes = JSON.stringify(plain).match(/[{[]/g)?.length ?? 0;
  expect(nodes).toBeLessThan(LIMITS.mcp.schemaNodes);
  expect(JSON.stringify(plain)).not.toContain('$ref');
});

it('leaves a schema without definitions alone', () => {
  const schema = { type: 'object', properties: { a: { type: 'string' } } };
  expect(plainSchema(schema)).toBe(schema);
});
