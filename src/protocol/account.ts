// An account is a tenant; every row belongs to one.
import { z } from 'zod';
import { keptText } from './kept-text.ts';
import { LIMITS } from './limits.ts';

export const AccountName = keptText.trim().min(1).max(LIMITS.nameLength);

/** In the order in which they are asked. */
export const AccountModels = z
  .array(
    z
      .string()
      .min(1)
      .max(200)
      .meta({ examples: ['scripted'] }),
  )
  .min(1)
  .max(LIMITS.llmModels)
  .meta({ examples: [['scripted']] })
  .nullable()
  .describe(
    'Models of its tasks where neither they nor their key name one, in the order in which they are asked; null: those of the server',
  );

export const Account = z
  .object({
    id: z.uuid(),
    name: z.string(),
    operator: z.boolean().describe('May create and list accounts'),
    createdAt: z.iso.datetime(),
    models: AccountModels,
    deletingSince: z.iso
      .datetime()
      .nullable()
      .describe('Since then it is being deleted, and none of its keys works'),
  })
  .meta({ id: 'Account' });
export type Account = z.infer<typeof Account>;
