import { describe, expect, it } from 'vitest';
import { chooseUpstream, type LlmSettings } from './upstream.ts';

const settings = (more: Partial<LlmSettings>): LlmSettings => ({
  baseUrl: null,
  apiKey: null,
  defaultModel: null,
  openRouterKey: null,
  ...more,
});

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
    expect(chosen?.defaultModel).toMatch(/:free$/);
    expect(chooseUpstream(settings({ openRouterKey: 'router', defaultModel: 'm' }))?.defaultModel).toBe('m');
  });

  it.each([
    'nonsense',
    'ftp://llm.example/v1',
    'http://user:pw@llm.example/v1',
    'http://llm.example/v1?key=x',
  ])('refuses the address %s without repeating it', (baseUrl) => {
    const attempt = () => chooseUpstream(settings({ baseUrl }));
    expect(attempt).toThrow(expect.objectContaining({ code: 'invalid_settings' }));
    expect(attempt).toThrow(expect.objectContaining({ message: expect.not.stringContaining(baseUrl) }));
  });
});
