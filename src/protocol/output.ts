// The answer of a task as a value: what a caller asks for, and what goes between sandbox and server about it.
import { z } from 'zod';
import { LIMITS } from './limits.ts';

const { outputSchemaBytes, outputAttempts, outputBytes } = LIMITS;

/** What the answer has to fit: JSON Schema 2020-12. What may be in it the server says (tasks/output/). */
export const AnswerSchema = z.record(z.string(), z.unknown());
export type AnswerSchema = z.infer<typeof AnswerSchema>;

export const WantedOutput = z
  .strictObject({
    schema: AnswerSchema.describe(
      `JSON Schema 2020-12 whose root is {"type": "object"}, without references to elsewhere, at most ${outputSchemaBytes} bytes`,
    ),
  })
  // The CLI's flag is for that field: `--output-schema`.
  .meta({ id: 'WantedOutput', 'x-field': 'schema' });
export type WantedOutput = z.infer<typeof WantedOutput>;

/** What a model is shown. Upstreams take more of JSON Schema or less: asked with less as they refuse. */
export const OutputForms = z.object({
  /** The caller's. */
  whole: AnswerSchema,
  /** Of types, fields and choices alone; the rest is told in words. */
  plain: AnswerSchema,
});
export type OutputForms = z.infer<typeof OutputForms>;

/** An answer that the agent gives. It counts from 1 within the task; one that is sent again keeps its number. */
export const GivenOutput = z.object({
  attempt: z.number().int().min(1).max(outputAttempts),
  /** As JSON. */
  text: z.string().max(outputBytes).optional(),
  /** Instead: why it is none that could be judged. */
  problem: z.string().max(1_000).optional(),
});
export type GivenOutput = z.infer<typeof GivenOutput>;

export const OutputVerdict = z.object({
  /** What is wrong with it, for the agent; null: it fits. */
  problem: z.string().nullable(),
  /** What makes one that fits look as if it were none; null: nothing. */
  doubt: z.string().nullable(),
});
export type OutputVerdict = z.infer<typeof OutputVerdict>;
