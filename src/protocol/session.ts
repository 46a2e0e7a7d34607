// What /session answers to the dashboard: who is signed in, and until when.
import { z } from 'zod';
import { Key } from './key.ts';

export const SignedIn = z.object({
  session: z.object({ expiresAt: z.iso.datetime() }),
  account: z.object({ id: z.uuid(), name: z.string(), operator: z.boolean() }),
  key: Key,
});
export type SignedIn = z.infer<typeof SignedIn>;
