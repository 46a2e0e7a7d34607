import { describe, expect, it } from 'vitest';
import { llmSettings } from '../../../test/fixtures/llm-settings.ts';
import { sharedAccount } from './account-limits.ts';
import { chooseUpstream, type Upstream } from './upstream.ts';

const openRouter = chooseUpstream(llmSettings({ openRouterKey: 'k' })) as Upstream;
const other = chooseUpstream(llmSettings({ baseUrl: 'http://llm.example/v1' })) as Upstream;

describe('sharedAccount', () => {
  it("has OpenRouter's limits for its free models, and for those alone", () => {
    const account = sharedAccount(openRouter, {});
    expect(account?.limits).toEqual({ perMinute: 20, perDay: 50, concurrent: null });
    expect(['a/b:free', 'a/b'].map((model) => account?.counts(model))).toEqual([true, false]);
  });

  it('has none elsewhere, unless they are set, and then for all models', () => {
    expect(sharedAccount(other, {})).toBeNull();
    const account = sharedAccount(other, { perMinute: 60 });
    expect(account?.limits).toEqual({ perMinute: 60, perDay: null, concurrent: null });
    expect(account?.counts('a/b')).toBe(true);
  });

  it('believes the operator: other numbers, or none', () => {
    expect(sharedAccount(openRouter, { perDay: 1_000 })?.limits).toMatchObject({
      perMinute: 20,
      perDay: 1_000,
    });
    expect(sharedAccount(openRouter, { perMinute: null, perDay: null })).toBeNull();
  });

  it('is not the same for two upstreams', () => {
    const limits = { perMinute: 1 };
    expect(sharedAccount(openRouter, limits)?.name).not.toBe(sharedAccount(other, limits)?.name);
  });
});
