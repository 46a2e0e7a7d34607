// A model that tasks can be given.
import { z } from 'zod';

export const ModelView = z
  .object({
    name: z.string(),
    default: z.boolean().describe('Used, in the order of the list, by tasks that name no model'),
  })
  .meta({ id: 'Model' });
export type ModelView = z.infer<typeof ModelView>;
