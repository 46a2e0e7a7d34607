// A model that tasks can be given.
import { z } from 'zod';

/** The model that comes with Seed. It is no language model. */
export const SCRIPTED_MODEL = 'scripted';

const SCRIPTED_NOTE =
  '`scripted` is no language model: it runs fenced bash blocks and knows a few instructions by heart. A real one needs OPENROUTER_API_KEY or SEED_LLM_BASE_URL when the server starts.';

/** What whoever uses these models should know; null where there is nothing to say. */
export function modelNote(models: readonly string[]): string | null {
  return models.includes(SCRIPTED_MODEL) ? SCRIPTED_NOTE : null;
}

/** What the agent's runtime must know of its model. The rest of what is known of one stays in the gateway. */
export const ModelTraits = z.object({
  /** Tokens of a request and its answer together. */
  contextTokens: z.number().int().positive(),
  /** The most tokens of one answer. */
  outputTokens: z.number().int().positive(),
  /** Whether it thinks before it answers, and says so apart from the answer. */
  reasoning: z.boolean(),
  /** `bash`: it is given that tool alone, as small models do better with. */
  tools: z.enum(['all', 'bash']),
});
export type ModelTraits = z.infer<typeof ModelTraits>;

/** Of a model of which nothing is known. */
export const USUAL_TRAITS: ModelTraits = {
  contextTokens: 128_000,
  outputTokens: 16_384,
  reasoning: false,
  tools: 'all',
};

export const ModelView = z
  .object({
    name: z.string(),
    default: z.boolean().describe('Used, in the order of the list, by tasks that name no model'),
    note: z.string().nullable().describe('What whoever uses it should know: that `scripted` is no language model'),
  })
  .meta({ id: 'Model' });
export type ModelView = z.infer<typeof ModelView>;
