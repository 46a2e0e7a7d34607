// An instruction to start a task from.
import { z } from 'zod';
import { Scope } from './scope.ts';

export const Template = z
  .object({
    title: z.string(),
    instruction: z.string(),
    scopes: z.array(Scope).describe('What its agent needs'),
    pack: z.string().nullable().describe('The pack that brings it; null: Seed itself'),
  })
  .meta({ id: 'Template' });
export type Template = z.infer<typeof Template>;
