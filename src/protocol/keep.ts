// What a task leaves behind for the one that goes on from it.
import { z } from 'zod';
import { LIMITS } from './limits.ts';
import { Duration, durationMs, someSpan } from './time.ts';

const KeptFor = Duration.refine(
  (text) => (durationMs(text) ?? 0) > 0 && (durationMs(text) ?? 0) <= LIMITS.workspaceKeptMs,
  'a workspace is kept for more than nothing and at most 30d',
).meta(someSpan(LIMITS.workspaceKeptMs));

export const GivenKeep = z.object({
  workspace: z.boolean().describe('Whether /workspace is kept for the task that goes on from this one'),
  for: KeptFor.default('7d').describe('For how long after its end, at most 30d'),
});

export const Keep = z.object({ workspace: z.boolean(), for: z.string() }).meta({ id: 'Keep' });
export type Keep = z.infer<typeof Keep>;

/** Of /workspace. */
export const KeptWorkspace = z
  .object({
    size: z.number().int().nonnegative().describe('Bytes of its archive'),
    sha256: z.string().describe('Of its archive, hexadecimal'),
    madeBy: z.uuid().describe('The task at whose end it was as it is kept'),
    expiresAt: z.iso.datetime(),
  })
  .meta({ id: 'KeptWorkspace' });
