// An instruction to start a task from.
import { z } from 'zod';
import { Limit } from './grant.ts';
import { WantedOutput } from './output.ts';
import { Scope } from './scope.ts';

export const Template = z
  .object({
    title: z.string(),
    instruction: z.string(),
    scopes: z.array(Scope).describe('What its agent needs'),
    limits: z.array(Limit).describe('What its calls are to be limited to: given to the task with its scopes'),
    output: WantedOutput.nullable().describe('What its answer is to fit: given to the task; null: it is text'),
    pack: z.string().nullable().describe('The pack that brings it; null: Seed itself'),
  })
  .meta({ id: 'Template' });
export type Template = z.infer<typeof Template>;
