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

export const ModelView = z
  .object({
    name: z.string(),
    default: z.boolean().describe('Used, in the order of the list, by tasks that name no model'),
    note: z.string().nullable().describe('What whoever uses it should know: that `scripted` is no language model'),
  })
  .meta({ id: 'Model' });
export type ModelView = z.infer<typeof ModelView>;
