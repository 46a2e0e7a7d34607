// The token counts in an upstream's JSON: an answer, or a chunk of a stream.
import { z } from 'zod';
import type { TokenCounts } from '../../core/cost.ts';

export interface TokenUsage extends TokenCounts {
  /** What the upstream says it took, in US dollars; null when it does not say. */
  costUsd: number | null;
  /** The model that answered, as the upstream names it. */
  model: string | null;
}

const Count = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);
const Part = Count.catch(0).default(0);
const Usage = z.object({
  prompt_tokens: Count,
  completion_tokens: Count,
  prompt_tokens_details: z.object({ cached_tokens: Part }).nullish().catch(null),
  completion_tokens_details: z.object({ reasoning_tokens: Part }).nullish().catch(null),
  /** OpenRouter's. No call costs a million dollars. */
  cost: z.number().nonnegative().max(1_000_000).nullish().catch(null),
});
/** Some upstreams put it beside the choice. */
const WithUsage = z.object({
  model: z.string().max(200).nullish().catch(null),
  usage: Usage.nullish().catch(null),
  choices: z
    .array(z.object({ usage: Usage.nullish().catch(null) }))
    .nullish()
    .catch(null),
});

/** The counts, or null when there are none or they make no sense: they are never estimated. */
export function usageOf(json: unknown): TokenUsage | null {
  const parsed = WithUsage.safeParse(json);
  if (!parsed.success) return null;
  const usage = parsed.data.usage ?? parsed.data.choices?.[0]?.usage;
  if (!usage) return null;
  return {
    inputTokens: usage.prompt_tokens,
    outputTokens: usage.completion_tokens,
    cachedTokens: usage.prompt_tokens_details?.cached_tokens ?? 0,
    reasoningTokens: usage.completion_tokens_details?.reasoning_tokens ?? 0,
    costUsd: usage.cost ?? null,
    model: parsed.data.model ?? null,
  };
}
