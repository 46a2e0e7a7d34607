import { expect, it } from 'vitest';
import type { Parameters } from '../../protocol/template.ts';
import { checkParameters, fillIn, valuesFor } from './parameters.ts';

const schema = (properties: Parameters['properties'], required: string[] = []): Parameters => ({
  type: 'object',
  properties,
  required,
});
const FULL = schema(
  {
    who: { type: 'string', minLength: 2, pattern: '^[A-Z]' },
    days: { type: 'integer', minimum: 1, maximum: 90, default: 30 },
    share: { type: 'number' },
    all: { type: 'boolean' },
    kinds: { type: 'array', items: { type: 'string', enum: ['a', 'b'] }, maxItems: 2 },
    on: { type: 'string', format: 'date' },
    level: { type: 'string', enum: ['low', 'high'] },
  },
  ['who'],
);

it('takes a schema whose places are all declared, and braces that stand for themselves', () => {
  checkParameters(FULL, 'Remind {{who}} of {{ days }} days; \\{{literal}} and {one} and {{{who}}');
  checkParameters(null, 'Nothing is a {{place}} here');
});

it.each([
  [
    'a place that is no parameter',
    schema({ who: { type: 'string' } }),
    'For {{whom}}',
    'has {{whom}}, which is no parameter: it has who',
  ],
  ['a required one that is none', schema({}, ['who']), 'x', 'required names "who"'],
  [
    'a default that does not fit',
    schema({ n: { type: 'integer', default: 1.5 } }),
    'x',
    'n: its default does not fit',
  ],
  [
    'a pattern that does not compile',
    schema({ a: { type: 'string', pattern: '(' } }),
    'x',
    'a: the pattern does not compile',
  ],
  [
    'a pattern that looks back',
    schema({ a: { type: 'string', pattern: '(a)\\1' } }),
    'x',
    'a: the pattern does not compile',
  ],
  ['a number with a pattern', schema({ n: { type: 'number', pattern: 'a' } }), 'x', 'n: pattern is of text'],
  ['a text with a minimum', schema({ a: { type: 'string', minimum: 1 } }), 'x', 'a: minimum is of a number'],
  [
    'a text with items',
    schema({ a: { type: 'string', items: { type: 'string' } } }),
    'x',
    'a: items is of a list',
  ],
  ['a list of nothing', schema({ a: { type: 'array' } }), 'x', 'a: say of what it is a list'],
])('refuses %s', (_what, parameters, instruction, message) => {
  expect(() => checkParameters(parameters, instruction)).toThrow(message);
});

it('takes what is given, text for what text says, and else the default', () => {
  expect(valuesFor(FULL, { who: 'Ann', days: '7', share: '0.5', all: 'true', kinds: '["a", "b"]' })).toEqual({
    who: 'Ann',
    days: 7,
    share: 0.5,
    all: true,
    kinds: ['a', 'b'],
    on: undefined,
    level: undefined,
  });
  expect(valuesFor(FULL, { who: 'Ann' })).toMatchObject({ days: 30 });
});

it.each([
  [{}, 'the template needs "who"'],
  [{ who: 'A' }, 'who: '],
  [{ who: 'ann' }, 'who: does not match ^[A-Z]'],
  [{ who: 'Ann', days: 'many' }, 'days: '],
  [{ who: 'Ann', days: 0 }, 'days: '],
  [{ who: 'Ann', days: 1.5 }, 'days: '],
  [{ who: 'Ann', all: 'yes' }, 'all: '],
  [{ who: 'Ann', kinds: ['c'] }, 'kinds: is one of a, b'],
  [{ who: 'Ann', kinds: ['a', 'b', 'a'] }, 'kinds: '],
  [{ who: 'Ann', on: '2026-02-30' }, 'on: '],
  [{ who: 'Ann', level: 'middle' }, 'level: is one of low, high'],
  [{ who: 'Ann', other: 1 }, 'the template has no parameter "other"'],
  [{ who: 'Ann', constructor: 'x' }, 'the template has no parameter "constructor"'],
])('refuses %j', (given, message) => {
  expect(() => valuesFor(FULL, given)).toThrow(message);
});

it('fills in each place once: what a value says is no place', () => {
  const values = { a: '{{b}} $& $1', b: 'B', list: ['x', 'y'], none: undefined, n: 0, no: false };
  expect(fillIn('{{a}}|{{ b }}|{{list}}|{{none}}|{{n}}|{{no}}|\\{{a}}|{{other}}', values)).toBe(
    '{{b}} $& $1|B|x, y||0|false|{{a}}|{{other}}',
  );
});
