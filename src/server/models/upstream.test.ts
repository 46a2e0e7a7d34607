import { describe, expect, it } from 'vitest';
import { llmSettings as settings } from '../../../test/fixtures/llm-settings.ts';
import { chooseUpstream, modelNotices } from './upstream.ts';

describe('chooseUpstream', () => {
  it('takes none when nothing is set', () => {
    expect(chooseUpstream(settings({ apiKey: 'lonely' }))).toBeNull();
  });

  it('takes the base URL first, and gives it its own key only', () => {
    const chosen = chooseUpstream(settings({ baseUrl: 'http://llm.example/v1/', openRouterKey: 'router' }));
    expect(chosen).toMatchObject({ baseUrl: 'http://llm.example/v1', apiKey: null });
  });

  it('takes OpenRouter with a free model, unless another is named', () => {
    const chosen = chooseUpstream(settings({ openRouterKey: 'router', apiKey: 'other' }));
    expect(chosen).toMatchObject({ baseUrl: 'https://openrouter.ai/api/v1', apiKey: 'router' });
    expect(chosen?.defaultModels).toEqual([expect.stringMatching(/:free$/)]);
    const named = chooseUpstream(settings({ openRouterKey: 'router', defaultModels: ['m', 'n'] }));
    expect(named?.defaultModels).toEqual(['m', 'n']);
  });

  it.each([
    ['https://openrouter.ai/api/v1', true],
    ['https://openrouter.ai.example/api/v1', false],
  ])('knows OpenRouter by its host: %s', (baseUrl, openRouter) => {
    expect(chooseUpstream(settings({ baseUrl }))?.openRouter).toBe(openRouter);
  });

  it.each(['nonsense', 'ftp://llm.example/v1', 'http://user:pw@llm.example/v1', 'http://llm.example/v1?key=x'])(
    'refuses the address %s without repeating it',
    (baseUrl) => {
      const attempt = () => chooseUpstream(settings({ baseUrl }));
      expect(attempt).toThrow(expect.objectContaining({ code: 'invalid_settings' }));
      expect(attempt).toThrow(expect.objectContaining({ message: expect.not.stringContaining(baseUrl) }));
    },
  );
});

describe('what a start says of its models', () => {
  it.each<[string, Partial<Parameters<typeof settings>[0]>, string[], RegExp[]]>([
    ['nothing is set', {}, ['scripted'], [/no language model/]],
    ['an upstream is set', { baseUrl: 'http://llm.example/v1' }, ['m'], []],
    ['`scripted` is a fallback', { baseUrl: 'http://llm.example/v1' }, ['m', 'scripted'], [/no language/]],
    ['a key without an address', { apiKey: 'k' }, ['scripted'], [/no language/, /no address/]],
    ['a model without an address', { defaultModels: ['m'] }, ['scripted'], [/no language/, /no address/]],
  ])('when %s', (_, set, defaults, said) => {
    expect(modelNotices(settings(set), defaults)).toEqual(said.map((text) => expect.stringMatching(text)));
  });
});
