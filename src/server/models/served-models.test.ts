import { describe, expect, it } from 'vitest';
import { servedModels } from './served-models.ts';
import { scriptedUpstream, type Upstream } from './upstream.ts';

const upstream: Upstream = {
  name: 'upstream',
  provider: 'openai',
  models: null,
  limits: {},
  baseUrl: 'http://llm.example/v1',
  apiKey: null,
  defaultModels: ['a', 'b'],
  openRouter: false,
};

const scripted = scriptedUpstream({ baseUrl: 'http://127.0.0.1:1/v1', apiKey: 'k' });

describe('servedModels', () => {
  it('serves `scripted` alone without an upstream', () => {
    const models = servedModels([scripted], null);
    expect([models.defaultModels, models.named]).toEqual([['scripted'], ['scripted']]);
    expect(['scripted', 'a', ''].filter(models.knows)).toEqual(['scripted']);
  });

  it('serves any name of an upstream but those that search the web', () => {
    const models = servedModels([upstream, scripted], null);
    expect(models.named).toEqual(['a', 'b', 'scripted']);
    const served = ['scripted', 'a', 'vendor/other', 'vendor/other:online', ''].filter(models.knows);
    expect(served).toEqual(['scripted', 'a', 'vendor/other']);
    expect(() => models.refuseUnknown('x:online')).toThrow(
      expect.objectContaining({
        code: 'unknown_model',
        hint: expect.stringMatching(/a, b, scripted and others/),
      }),
    );
  });

  it('serves what the allow-list names and nothing else, `scripted` included', () => {
    const models = servedModels([upstream, scripted], ['b', 'a', 'c', 'c:online']);
    expect(models.named).toEqual(['a', 'b', 'c']);
    expect(['scripted', 'a', 'c', 'd', 'c:online'].filter(models.knows)).toEqual(['a', 'c']);
    expect(() => models.refuseUnknown('d')).toThrow(
      expect.objectContaining({ message: 'the model "d" is not served here', hint: 'There are: a, b, c.' }),
    );
  });

  it.each([
    ['a default that is not allowed', [upstream, scripted] as const, ['a']],
    ['a default that searches the web', [{ ...upstream, defaultModels: ['a:online'] as const }] as const, null],
    ['no upstream and no `scripted`', [scripted] as const, ['a']],
  ])('refuses to start with %s', (_, from, allowed) => {
    expect(() => servedModels(from, allowed)).toThrow(expect.objectContaining({ code: 'invalid_settings' }));
  });
});
