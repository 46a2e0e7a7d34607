// Which models a key is told of.
import { expect, it } from 'vitest';
import { modelsFor } from './allowed-models.ts';
import { USUAL_PROFILE } from './model-profile.ts';
import { knownOf } from './model-view.ts';

const llm = {
  defaultModels: ['big', 'small'] as const,
  named: ['big', 'small', 'tiny'],
  servesOthers: true,
  knows: (model: string) => model !== 'gone',
};

const known = {
  profileOf: () => USUAL_PROFILE,
  sourcesOf: () => ({}),
  testOf: () => null,
  listPriceOf: () => null,
};
const view = (name: string, isDefault: boolean) => ({
  name,
  default: isDefault,
  note: null,
  ...knownOf(name, known),
});

function list(...allowed: (string[] | null)[]) {
  const lineage = allowed.map((allowedModels) => ({ allowedModels }));
  return modelsFor(lineage as never, llm, known);
}

it('tells a key without a list of its own all that is known by name, the defaults first', () => {
  expect(list(null)).toEqual({
    items: [view('big', true), view('small', true), view('tiny', false)],
    others: true,
  });
});

it('tells a key with a list what stands in it and is served, whatever stands above it', () => {
  expect(list(['gone', 'small', 'other'])).toEqual({
    items: [view('small', true), view('other', false)],
    others: false,
  });
  expect(list(['tiny', 'small'], ['tiny', 'big']).items).toEqual([view('tiny', true)]);
});

it('tells a key whose list is served no more of none', () => {
  expect(list(['gone'])).toEqual({ items: [], others: false });
});

it('says of `scripted` that it is no language model', () => {
  const [scripted] = list(['scripted']).items;
  expect(scripted?.note).toMatch(/no language model.*OPENROUTER_API_KEY/);
});
