// Which models are served, from where and within which limits, from the environment (see docs/models.md).
import { env } from '../../lib/env.ts';
import { integerSetting, listSetting, urlSetting } from '../../lib/settings.ts';
import { SeedError } from '../../protocol/errors.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { LlmSettings } from './upstream.ts';

/** @throws SeedError invalid_settings, naming the variable */
export function llmSettings(): LlmSettings {
  const defaultModels = listSetting('SEED_LLM_MODEL') ?? [];
  if (defaultModels.length > LIMITS.llmModels) {
    throw new SeedError('invalid_settings', `SEED_LLM_MODEL names more than ${LIMITS.llmModels} models`);
  }
  return {
    baseUrl: urlSetting('SEED_LLM_BASE_URL'),
    apiKey: env('SEED_LLM_API_KEY') ?? null,
    defaultModels,
    allowedModels: listSetting('SEED_LLM_ALLOWED_MODELS'),
    openRouterKey: env('OPENROUTER_API_KEY') ?? null,
    limits: {
      // The time of each request of the last minute is kept, in one row.
      perMinute: limitSetting('SEED_LLM_REQUESTS_PER_MINUTE', 1_000),
      perDay: limitSetting('SEED_LLM_REQUESTS_PER_DAY', 10_000_000),
      concurrent: limitSetting('SEED_LLM_CONCURRENT_CALLS', 10_000),
    },
  };
}

/** Undefined: as the upstream is known to have it. Null: none. */
function limitSetting(name: string, max: number): number | null | undefined {
  if (env(name) === undefined) return undefined;
  return env(name) === 'none' ? null : integerSetting(name, max, 1, max);
}
