import { afterEach, describe, expect, it, vi } from 'vitest';
import { llmSettings } from './settings.ts';

afterEach(() => vi.unstubAllEnvs());

describe('llmSettings', () => {
  it('are lists and limits, where they are set', () => {
    vi.stubEnv('SEED_LLM_MODEL', ' a, b,,a ');
    vi.stubEnv('SEED_LLM_ALLOWED_MODELS', 'a,b,scripted');
    vi.stubEnv('SEED_LLM_REQUESTS_PER_MINUTE', 'none');
    vi.stubEnv('SEED_LLM_REQUESTS_PER_DAY', '1000');
    vi.stubEnv('SEED_LLM_CONCURRENT_CALLS', '');
    expect(llmSettings()).toMatchObject({
      defaultModels: ['a', 'b'],
      allowedModels: ['a', 'b', 'scripted'],
      limits: { perMinute: null, perDay: 1000, concurrent: undefined },
    });
  });

  it('allow all models when no list is set', () => {
    vi.stubEnv('SEED_LLM_MODEL', '');
    vi.stubEnv('SEED_LLM_ALLOWED_MODELS', '');
    expect(llmSettings()).toMatchObject({ defaultModels: [], allowedModels: null });
  });
});
