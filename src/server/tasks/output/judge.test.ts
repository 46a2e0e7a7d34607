// Which schemas are taken, what is said of an answer, and what an upstream that knows less is shown.
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { AnswerSchema } from '../../../protocol/output.ts';
import { judgeOf, Refused } from './judge.ts';
import { plainForm } from './plain-form.ts';

const object = (properties: object, more: object = {}) => ({ type: 'object', properties, ...more });
const judge = (schema: object, value: unknown) => judgeOf(JSON.stringify(schema)).judge(textOf(value));
const textOf = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
const problem = (schema: object, value: unknown) => judge(schema, value).problem;

function whyRefused(schema: unknown): string {
  try {
    judgeOf(JSON.stringify(schema));
  } catch (error) {
    if (error instanceof Refused) return error.message;
    throw error;
  }
  return 'taken';
}

describe('a schema', () => {
  it.each([
    [[], 'it is no object'],
    [true, 'it is no object'],
    [{}, 'its root is not {"type": "object"}'],
    [{ type: ['object', 'null'] }, 'its root is not {"type": "object"}'],
    [{ $ref: '#/$defs/a', $defs: { a: { type: 'object' } } }, 'its root is not {"type": "object"}'],
    [{ type: 'object', $schema: 'http://json-schema.org/draft-07/schema#' }, 'JSON Schema 2020-12'],
    [object({ a: { type: 'text' } }), 'not valid JSON Schema 2020-12: /properties/a/type'],
    [object({ a: { type: 'string', pattern: '(' } }), 'Invalid regular expression'],
    [object({ a: { $ref: 'https://example.com/a.json' } }), 'which is not within it: nothing is fetched'],
    [object({ a: { $ref: 'other.json#/a' } }), 'which is not within it'],
    [object({ a: { $ref: '#/$defs/missing' } }), 'which is not within it'],
    [object({ a: { $ref: 'https://json-schema.org/draft/2020-12/schema' } }), 'which is not within it'],
    [object({ a: { $dynamicRef: 'https://example.com/a.json#b' } }), 'only supports hash fragment'],
    [{ type: 'object', $ref: '#' }, 'refers to itself without an end'],
    [{ type: 'object', $async: true }, '$async'],
  ])('%j is refused', (schema, why) => {
    expect(whyRefused(schema)).toContain(why);
  });

  it.each([
    { type: 'object' },
    { type: 'object', $schema: 'https://json-schema.org/draft/2020-12/schema' },
    object({ a: { $ref: '#/$defs/b' } }, { $defs: { b: { $anchor: 'x', type: 'string' }, c: { $ref: '#x' } } }),
    {
      ...object({ a: { $ref: 'urn:example:s#/$defs/b' } }, { $defs: { b: { type: 'string' } } }),
      $id: 'urn:example:s',
    },
    object({ a: { type: 'string', format: 'of-my-own', 'x-mine': 1 } }),
    z.toJSONSchema(z.object({ mail: z.email(), id: z.uuid(), at: z.iso.datetime(), size: z.int().optional() })),
  ])('%j is taken', (schema) => {
    expect(whyRefused(schema)).toBe('taken');
  });

  it('may be recursive, and dynamic', () => {
    const tree = object(
      { name: { type: 'string' }, under: { type: 'array', items: { $ref: '#' } } },
      { required: ['name'] },
    );
    expect(problem(tree, { name: 'a', under: [{ name: 'b', under: [] }] })).toBeNull();
    expect(problem(tree, { name: 'a', under: [{ under: [] }] })).toContain(
      "/under/0 must have required property 'name'",
    );
    const dynamic = {
      $dynamicAnchor: 'node',
      ...object({ next: { $dynamicRef: '#node' }, n: { type: 'integer' } }),
    };
    expect(problem(dynamic, { next: { next: { n: 'x' } } })).toBe('/next/next/n must be integer');
  });
});

describe('an answer', () => {
  const schema = object(
    { total: { type: 'number' }, kind: { enum: ['a', 'b'] }, on: { type: 'string', format: 'date' } },
    { required: ['total'], additionalProperties: false },
  );

  it('is told all that is wrong with it, by place', () => {
    expect(problem(schema, { total: 1, kind: 'a', on: '2026-01-31' })).toBeNull();
    const said = problem(schema, { kind: 'c', on: 'soon', more: 1 });
    expect(said).toContain("the answer must have required property 'total'");
    expect(said).toContain('/kind must be equal to one of the allowed values: ["a","b"]');
    expect(said).toContain('/on must match format "date"');
    expect(said).toContain('must NOT have additional properties: "more"');
  });

  it.each([
    ['no json', 'it is no JSON'],
    ['[1]', 'it is no object'],
    ['null', 'it is no object'],
    ['{"total": 9007199254740993}', '/total is a whole number beyond 2^53'],
    ['{"total": 1e400}', '/total is too large for a number'],
    ['{"total": 1, "on": "a\\u0000b"}', '/on has a NUL character'],
    ['{"total": 1, "on": "\\ud800"}', 'half of a surrogate pair'],
    [`{"total": ${'['.repeat(100)}${']'.repeat(100)}}`, 'nested deeper than 64 levels'],
  ])('%s is refused', (text, why) => {
    expect(problem(schema, text)).toContain(why);
  });

  it('keeps what is odd and right', () => {
    const any = object({ a: {} });
    for (const value of [
      { a: '😀 ü\n' },
      { a: -0.1e-7 },
      { a: 9007199254740991 },
      { ['a/b~']: 1 },
      { constructor: 1 },
    ])
      expect(problem(any, value)).toBeNull();
    expect(problem(object({ constructor: { type: 'string' } }), '{"constructor": 1}')).toBe(
      '/constructor must be string',
    );
  });

  it('gets no default, and nothing is made of it that it is not', () => {
    const text = '{"n": "1"}';
    expect(problem(object({ n: { type: 'number' }, d: { default: 1 } }), text)).toBe('/n must be number');
    expect(problem(object({ d: { default: 1 } }, { required: ['d'] }), '{}')).toContain("required property 'd'");
  });

  it('is looked through by patterns that backtrack in linear time', () => {
    const evil = object({ a: { type: 'string', pattern: '^(a+)+$' }, b: { pattern: '^(\\w|\\w\\w)+!$' } });
    const began = performance.now();
    expect(problem(evil, { a: `${'a'.repeat(50_000)}!`, b: 'b'.repeat(50_000) })).toContain(
      '/a must match pattern',
    );
    expect(performance.now() - began).toBeLessThan(5_000);
    expect(problem(object({ a: { pattern: '^(?!x)\\w+$' } }), { a: 'xy' })).toContain('/a must match pattern');
    expect(problem(object({ a: { pattern: '^\\p{Lu}\\u{1F600}$' } }), { a: 'Ä😀' })).toBeNull();
  });
});

describe('a doubt', () => {
  const schema = object({ text: { type: 'string' }, state: { enum: ['TODO', 'done'] }, list: { type: 'array' } });
  it.each([
    [{}, 'it has none of the fields'],
    [{ text: 'TBD' }, '/text is "TBD"'],
    [{ text: 'to do...' }, '/text is "to do..."'],
    [{ text: '…' }, '/text is "…"'],
    [{ list: ['a', { b: '<the name>' }] }, '/list/1/b is "<the name>"'],
  ])('is had about %j', (value, doubt) => {
    expect(judge(schema, value)).toMatchObject({ problem: null, doubt: expect.stringContaining(doubt) });
  });

  it.each([{ state: 'TODO' }, { text: 'There are 3 TODO entries' }, { text: '' }, { list: [] }])(
    'is not had about %j',
    (value) => {
      expect(judge(schema, value)).toEqual({ problem: null, doubt: null });
    },
  );
  expect(judge({ type: 'object' }, {})).toEqual({ problem: null, doubt: null });
});

describe('the plain form', () => {
  const plain = (schema: object) => plainForm(schema as AnswerSchema);

  it('is the same for a schema of types and fields', () => {
    const schema = object(
      { a: { type: 'string', description: 'A' }, b: { type: 'array', items: { type: 'integer' } } },
      { required: ['a'] },
    );
    expect(plain(schema)).toEqual(schema);
  });

  it('says in words what types and fields do not', () => {
    const schema = object(
      { a: { type: ['string', 'null'], pattern: '^x', minLength: 2 }, b: { $ref: '#/$defs/b' }, c: { const: 1 } },
      {
        $defs: { b: { enum: ['x', 'y'], description: 'B.' } },
        allOf: [{ required: ['a'] }],
        additionalProperties: false,
      },
    );
    expect(plain(schema)).toEqual({
      type: 'object',
      properties: {
        a: { type: 'string', description: 'It must fit: {"type":["string","null"],"pattern":"^x","minLength":2}' },
        b: { type: 'string', enum: ['x', 'y'], description: 'B.' },
        c: { description: 'It must fit: {"const":1}' },
      },
      description: 'It must fit: {"allOf":[{"required":["a"]}],"additionalProperties":false}',
    });
  });

  it('ends where references do not, and stays small', () => {
    const tree = object(
      { under: { type: 'array', items: { $ref: '#' } }, also: { $ref: '#' } },
      { description: 'd'.repeat(5_000) },
    );
    const text = JSON.stringify(plain(tree));
    expect(text.length).toBeLessThan(70_000);
    expect(text).not.toContain('$ref');
  });
});
