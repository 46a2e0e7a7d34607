// Which models a key is told of.
import { describe, expect, it } from 'vitest';
import { aKey } from '../../../test/fixtures/key.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { Lineage } from '../../protocol/key.ts';
import { chooseModels, modelsFor } from './allowed-models.ts';
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
  healthOf: () => ({ state: 'ok' as const, restSeconds: 0, reason: null }),
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
  return modelsFor({ lineage: lineageOf(...allowed), accountModels: null }, llm, known);
}

const lineageOf = (...allowed: (string[] | null)[]) =>
  allowed.map((allowedModels) => aKey({ allowedModels })) as unknown as Lineage;

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

describe('a task gets', () => {
  const served = {
    ...llm,
    refuseUnknown(model: string) {
      if (!llm.knows(model)) throw new SeedError('unknown_model', model);
    },
  };
  const choose = (
    asked: string[] | undefined,
    { models = null, callers = null, account = null, allowed = null }: Record<string, string[] | null> = {},
  ) => {
    const lineage: Lineage = [aKey({ models, allowedModels: allowed }), aKey({ models: callers })];
    return chooseModels(asked, { lineage, accountModels: account }, served);
  };

  it.each<[string, Record<string, string[]>, string[]]>([
    ["the server's models", {}, ['big', 'small']],
    ["the account's before the server's", { account: ['tiny', 'big'] }, ['tiny', 'big']],
    [
      "the key's before the account's, in its order",
      { models: ['small', 'tiny'], account: ['big'] },
      ['small', 'tiny'],
    ],
    ['those of the key that started its task', { callers: ['tiny'], account: ['big'] }, ['tiny']],
    ['of them those that the key may use', { models: ['big', 'tiny'], allowed: ['tiny'] }, ['tiny']],
    [
      "the account's when the key may use none of its own",
      { models: ['big'], account: ['tiny'], allowed: ['tiny'] },
      ['tiny'],
    ],
    ['none that is served no more', { models: ['gone', 'tiny'] }, ['tiny']],
    ['the first that its key may use when no list has one', { allowed: ['gone', 'other'] }, ['other']],
  ])('%s', (_, lists, models) => {
    expect(choose(undefined, lists)).toEqual(models);
  });

  it('what it asks for, each once', () => {
    expect(choose(['tiny', 'big', 'tiny'], { models: ['small'] })).toEqual(['tiny', 'big']);
  });

  it('none that it may not have', () => {
    expect(() => choose(['big', 'gone'])).toThrow(expect.objectContaining({ code: 'unknown_model' }));
    const allowed = { allowed: ['big'] };
    expect(() => choose(['big', 'tiny'], allowed)).toThrow(expect.objectContaining({ code: 'model_not_allowed' }));
  });
});
