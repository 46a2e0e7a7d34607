// What the fields of a key's limits stand for.
import { expect, it } from 'vitest';
import { UNLIMITED } from '../../../../test/fixtures/key.ts';
import { changedLimits, limitsDraft, limitsOf, limitsProblems, NO_LIMITS } from './key-fields.tsx';

const key = {
  ...UNLIMITED,
  allowedCidrs: ['10.0.0.0/8', '127.0.0.1'],
  requestsPerMinute: 60,
  spendPerDay: 0.5,
};

it('reads what it has written', () => {
  expect(limitsOf(limitsDraft(key))).toEqual(key);
  expect(limitsOf(NO_LIMITS)).toEqual(UNLIMITED);
});

it('tells only what is changed, and null for what is lifted', () => {
  expect(changedLimits(limitsDraft(key), key)).toEqual({});
  const draft = {
    ...limitsDraft(key),
    allowedCidrs: ' ',
    requestsPerMinute: '120',
    allowedModels: 'a/b\n c',
    models: 'b, a',
  };
  expect(changedLimits(draft, key)).toEqual({
    allowedCidrs: null,
    requestsPerMinute: 120,
    allowedModels: ['a/b', 'c'],
    models: ['b', 'a'],
  });
});

it.each([
  ['requestsPerMinute', '0', /1 to 100,000/],
  ['requestsPerMinute', '1.5', /whole/],
  ['spendPerDay', 'much', /number/],
  ['spendPerDay', '0', /0\.000001 to/],
  ['allowedCidrs', Array(51).fill('::1').join(), /At most 50/],
  ['models', Array(11).fill('m').join(), /At most 10/],
  ['spendPerDay', '0.25', null],
  ['tokensPerDay', '', null],
] as const)('%s "%s"', (name, text, problem) => {
  const found = limitsProblems({ ...NO_LIMITS, [name]: text })[name];
  if (problem === null) expect(found).toBeNull();
  else expect(found).toMatch(problem);
});
