// What Seed shows the platform of a pack, and whose it is.
import { z } from 'zod';
import { LIMITS } from './limits.ts';
import { GivenSecret } from './secret-text.ts';

/**
 * One a pack. `shared`: the server's own, for every caller. `account` and `key`: what was set for the caller's
 * account or key. `caller`: what the caller gave a task for itself, and no longer than that task.
 */
export const CREDENTIAL_MODES = ['shared', 'account', 'key', 'caller'] as const;
export type CredentialMode = (typeof CREDENTIAL_MODES)[number];

export const PackName = z
  .string()
  .max(40)
  .regex(/^[a-z][a-z0-9-]*$/, 'this is no name of a pack')
  .meta({ examples: ['github'] });

/** By pack, what a task's calls show its platform. */
export const TaskCredentials = z
  .record(PackName, z.strictObject({ token: GivenSecret.describe("The caller's own, as the platform takes it") }))
  .refine((given) => Object.keys(given).length <= LIMITS.credentialsPerTask, {
    message: `a task takes at most ${LIMITS.credentialsPerTask} credentials`,
  });
export type TaskCredentials = z.output<typeof TaskCredentials>;

/** One that came with a request: in no JSON, log or hash that is made of what holds it. */
export type ShownCredential = z.output<typeof GivenSecret>;

/** One that is set, without what nobody reads again. */
export const Credential = z
  .object({
    id: z.uuid(),
    pack: z.string(),
    keyId: z.uuid().nullable().describe('The key whose calls show it; null: all of the account'),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime().describe('When it was last set'),
  })
  .meta({ id: 'Credential' });
export type Credential = z.infer<typeof Credential>;
