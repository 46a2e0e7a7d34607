// Which models a key is told of.
import { expect, it } from 'vitest';
import { modelsFor } from './allowed-models.ts';

const llm = {
  defaultModels: ['big', 'small'] as const,
  named: ['big', 'small', 'tiny'],
  servesOthers: true,
  knows: (model: string) => model !== 'gone',
};

function list(...allowed: (string[] | null)[]) {
  const lineage = allowed.map((allowedModels) => ({ allowedModels }));
  return modelsFor(lineage as never, llm);
}

it('tells a key without a list of its own all that is known by name, the defaults first', () => {
  expect(list(null)).toEqual({
    items: [
      { name: 'big', default: true, note: null },
      { name: 'small', default: true, note: null },
      { name: 'tiny', default: false, note: null },
    ],
    others: true,
  });
});

it('tells a key with a list what stands in it and is served, whatever stands above it', () => {
  expect(list(['gone', 'small', 'other'])).toEqual({
    items: [
      { name: 'small', default: true, note: null },
      { name: 'other', default: false, note: null },
    ],
    others: false,
  });
  expect(list(['tiny', 'small'], ['tiny', 'big']).items).toEqual([{ name: 'tiny', default: true, note: null }]);
});

it('tells a key whose list is served no more of none', () => {
  expect(list(['gone'])).toEqual({ items: [], others: false });
});

it('says of `scripted` that it is no language model', () => {
  const [scripted] = list(['scripted']).items;
  expect(scripted?.note).toMatch(/no language model.*OPENROUTER_API_KEY/);
});
