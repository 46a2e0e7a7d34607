// A call in the background as its caller sees it, and its limits.
import { z } from 'zod';

/** Named in docs/limits.md, too. */
export const BACKGROUND_LIMITS = {
  /** Calls of one key that are under way at a time. */
  backgroundCallsPerKey: 100,
  /** Bytes of JSON of an answer that is kept, and how long it is. */
  backgroundAnswerBytes: 4 * 1024 * 1024,
  backgroundKeptMs: 86_400_000,
} as const;

/** `unknown`: it was cut off, and may have been done. */
export const BackgroundStatus = z.enum(['running', 'done', 'failed', 'unknown']);
export type BackgroundStatus = z.infer<typeof BackgroundStatus>;

export const BackgroundError = z.object({ code: z.string(), message: z.string(), hint: z.string().nullable() });
export type BackgroundError = z.infer<typeof BackgroundError>;

export const BackgroundCall = z
  .object({
    id: z.uuid(),
    command: z.string(),
    status: BackgroundStatus,
    httpStatus: z.number().int().nullable().describe('What it would have been answered with'),
    result: z
      .record(z.string(), z.unknown())
      .nullable()
      .describe('What it would have been answered; where a person is asked first, `approval`'),
    error: BackgroundError.nullable(),
    requestedAt: z.iso.datetime(),
    completedAt: z.iso.datetime().nullable(),
    keptUntil: z.iso.datetime().nullable().describe('Until when its result can be read, once it is over'),
  })
  .meta({ id: 'BackgroundCall' });
export type BackgroundCall = z.infer<typeof BackgroundCall>;
