// Which fields of an object can be given, where its description is spread over unions, conditions and parts.
import { describe, expect, it } from 'vitest';
import type { JsonSchema } from '../protocol/manifest.ts';
import { fieldsIn } from './fields.ts';
import type { Definitions } from './schema.ts';

const text = { type: 'string' };
const number = { type: 'number' };
const object = (properties: object, required: string[] = []): JsonSchema => ({
  type: 'object',
  properties: properties as Record<string, JsonSchema>,
  required,
});

const fields = (node: JsonSchema, definitions: Definitions = {}) =>
  Object.fromEntries(
    fieldsIn(node, definitions, 'readOnly').map(({ name, schema, isRequired, note }) => [
      name,
      [schema, isRequired ? 'required' : 'optional', note],
    ]),
  );

describe('the fields of an object are', () => {
  it('its own, and those of the forms that stand beside them', () => {
    const definitions = {
      Card: object({ number: text, kind: { enum: ['card'] } }, ['number']),
      Bank: { ...object({ iban: text, number, hidden: { ...text, readOnly: true } }, ['iban']), title: 'a bank' },
    };
    const forms = [{ $ref: '#/$defs/Card' }, { $ref: '#/$defs/Bank' }, { type: 'null' }];
    expect(fields({ ...object({ kind: text }, ['kind']), oneOf: forms }, definitions)).toEqual({
      kind: [text, 'required', ''],
      number: [{ anyOf: [text, number] }, 'optional', 'Of Card, a bank'],
      iban: [text, 'optional', 'Of a bank'],
    });
  });

  it('asked for where every form asks, and not where one alone knows them', () => {
    const both = [object({ a: text, id: text }, ['id']), object({ b: text, id: text }, ['id', 'b'])];
    expect(fields({ ...object({ own: text }, ['a', 'b']), anyOf: both })).toEqual({
      own: [text, 'optional', ''],
      a: [text, 'optional', ''],
      b: [text, 'optional', ''],
      id: [text, 'required', ''],
    });
  });

  it('those of conditions, of forms within forms, and of unions that parts share', () => {
    const node = {
      ...object({ own: text }),
      // biome-ignore lint/suspicious/noThenProperty: a word of JSON Schema.
      then: object({ yes: text }),
      else: { oneOf: [object({ no: text })] },
      dependentSchemas: { own: object({ more: number }) },
      allOf: [{ anyOf: [object({ part: text })] }],
    };
    expect(Object.keys(fields(node))).toEqual(['own', 'yes', 'no', 'more', 'part']);
  });

  it('those that are asked for and described nowhere, where they may be there', () => {
    expect(fields(object({ a: text }, ['a', 'b']))).toEqual({
      a: [text, 'required', ''],
      b: [{}, 'optional', 'Asked for, and described nowhere'],
    });
    expect(Object.keys(fields({ ...object({ a: text }, ['b']), additionalProperties: false }))).toEqual(['a']);
    expect(fields({ ...object({ a: text }, ['b']), additionalProperties: number })['b']?.[0]).toEqual(number);
    const hidden = object({ a: text, id: { ...text, readOnly: true } }, ['id']);
    expect(Object.keys(fields(hidden))).toEqual(['a']);
  });

  it('none where its forms are all of it, and each once where a form holds it', () => {
    expect(fields({ oneOf: [object({ a: text })] })).toEqual({});
    const definitions: Definitions = {
      Pet: { ...object({ kind: text }), oneOf: [{ $ref: '#/$defs/Cat' }, { $ref: '#/$defs/Dog' }] },
      Cat: { allOf: [{ $ref: '#/$defs/Pet' }, object({ lives: number })] },
      Dog: { allOf: [{ $ref: '#/$defs/Pet' }, object({ tricks: text })] },
    };
    expect(Object.keys(fields(definitions['Pet'] ?? {}, definitions))).toEqual(['kind', 'lives', 'tricks']);
  });
});
