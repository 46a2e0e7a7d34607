// What an upstream says of what a call took, in whatever words. Called by ../call-meter.ts.
import { z } from 'zod';
import type { ToldUsage } from '../../spending/call-usage.ts';

/** No call takes a billion tokens. */
const Count = z.number().int().nonnegative().max(1_000_000_000).nullable().catch(null).default(null);
const Part = z.object({ cached_tokens: Count, reasoning_tokens: Count }).partial().nullish().catch(null);
const Usage = z.object({
  prompt_tokens: Count,
  completion_tokens: Count,
  prompt_tokens_details: Part,
  completion_tokens_details: Part,
  /** OpenRouter's. No call costs a million dollars. */
  cost: z.number().nonnegative().max(1_000_000).nullish().catch(null),
});
const Said = z
  .object({
    model: z.string().max(200).nullish().catch(null),
    usage: Usage.nullish().catch(null),
    /** Some upstreams put it beside the choice. */
    choices: z
      .array(z.object({ usage: Usage.nullish().catch(null) }).catch({}))
      .nullish()
      .catch(null),
  })
  .catch({});

/** Each number by itself: what is missing or makes no sense is null. `model` is the one that answered. */
export function usageOf(json: object): ToldUsage & { model: string | null } {
  const { model, usage: whole, choices } = Said.parse(json);
  const usage = whole ?? choices?.[0]?.usage;
  return {
    inputTokens: usage?.prompt_tokens ?? null,
    outputTokens: usage?.completion_tokens ?? null,
    cachedTokens: usage?.prompt_tokens_details?.cached_tokens ?? 0,
    reasoningTokens: usage?.completion_tokens_details?.reasoning_tokens ?? 0,
    costUsd: usage?.cost ?? null,
    model: model ?? null,
  };
}
