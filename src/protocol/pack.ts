// A pack as callers see it.
import { z } from 'zod';

export const PackView = z
  .object({
    name: z.string(),
    title: z.string(),
    commands: z.array(z.string()),
    scopes: z.array(z.string()),
    hasSamples: z.boolean().describe('It brings sample rows, for `seed packs samples`'),
  })
  .meta({ id: 'Pack' });
export type PackView = z.infer<typeof PackView>;
