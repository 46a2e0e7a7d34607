// Who serves a model, in the words of OpenTelemetry's GenAI conventions (gen_ai.provider.name).
import type { LlmSettings } from '../models/gateway.ts';
import { SCRIPTED_MODEL } from '../models/scripted/scripted.ts';

/** `openai` stands for whatever speaks OpenAI's protocol: who is behind it cannot be told. */
export function llmProviderOf(settings: LlmSettings, model: string): string {
  if (model === SCRIPTED_MODEL) return 'seed';
  return settings.baseUrl === null && settings.openRouterKey !== null ? 'openrouter' : 'openai';
}
