// An API key as callers see it. The secret itself is shown once, on creation, and is not part of this object.
import { z } from 'zod';
import { Scope } from './scope.ts';

export const KeyStatus = z.enum(['active', 'expired', 'revoked']);
export type KeyStatus = z.infer<typeof KeyStatus>;

export const Key = z
  .object({
    id: z.uuid(),
    name: z.string(),
    /** First characters of the secret, enough to recognise it. */
    prefix: z.string(),
    scopes: z.array(Scope),
    status: KeyStatus,
    createdAt: z.iso.datetime(),
    expiresAt: z.iso.datetime().nullable(),
    revokedAt: z.iso.datetime().nullable(),
    taskId: z.uuid().nullable().describe('The task this key was minted for; null for other keys'),
  })
  .meta({ id: 'Key' });
export type Key = z.infer<typeof Key>;
