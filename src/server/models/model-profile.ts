// What is known of a model: what its agent must know, and what only the gateway needs. The gateway asks for it
// before each call; known-models.ts makes it from all that tells of models.
import { z } from 'zod';
import type { Price } from '../../lib/money.ts';
import { type ModelTraits, USUAL_TRAITS } from '../../protocol/model.ts';

/**
 * How answers are chosen: put into a request that does not say it itself. By the names that requests have; null in
 * a settings file leaves a field out that would else be sent.
 */
const Sampling = z
  .strictObject({
    temperature: z.number().min(0).max(2).nullable(),
    top_p: z.number().min(0).max(1).nullable(),
    top_k: z.number().int().min(-1).nullable(),
    min_p: z.number().min(0).max(1).nullable(),
    repetition_penalty: z.number().min(0).max(10).nullable(),
    frequency_penalty: z.number().min(-2).max(2).nullable(),
    presence_penalty: z.number().min(-2).max(2).nullable(),
    seed: z.number().int().nullable(),
    max_tokens: z.number().int().positive().nullable(),
    max_completion_tokens: z.number().int().positive().nullable(),
    reasoning_effort: z.string().min(1).max(100).nullable(),
    enable_thinking: z.boolean().nullable(),
  })
  .partial();
type Sampling = z.infer<typeof Sampling>;

export interface ModelProfile extends ModelTraits {
  toolCalls: 'native' | 'text';
  sampling: Sampling;
  price: Price | null;
}

/** Of a model of which nothing is known. */
export const USUAL_PROFILE: ModelProfile = { ...USUAL_TRAITS, toolCalls: 'native', sampling: {}, price: null };
