// The token counts in an upstream's JSON: an answer, or a chunk of a stream.
import { z } from 'zod';

export interface TokenUsage {
  inputTokens: number;
  outputTokens: number;
}

const Count = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);
const Usage = z.object({ prompt_tokens: Count, completion_tokens: Count });
/** Some upstreams put it beside the choice. */
const WithUsage = z.object({
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
  return usage ? { inputTokens: usage.prompt_tokens, outputTokens: usage.completion_tokens } : null;
}
