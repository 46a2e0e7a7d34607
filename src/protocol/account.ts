// An account is a tenant; every row belongs to one.
import { z } from 'zod';
import { LIMITS } from './limits.ts';

export const AccountName = z.string().trim().min(1).max(LIMITS.nameLength);

export const Account = z
  .object({
    id: z.uuid(),
    name: z.string(),
    operator: z.boolean().describe('May create and list accounts'),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'Account' });
export type Account = z.infer<typeof Account>;
