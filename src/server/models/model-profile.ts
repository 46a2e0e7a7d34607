// What is known of a model: what its agent must know, and what only the gateway needs. The gateway asks for it
// before each call; known/ makes it from all that tells of models.
import { z } from 'zod';
import { Price } from '../../lib/money.ts';
import { ModelTraits, USUAL_TRAITS } from '../../protocol/model.ts';
import type { ChatRequest } from './chat-request.ts';

/** How answers are chosen, by the names that requests have for it. Null: never sent, whatever else would say. */
export const Sampling = z
  .strictObject({
    temperature: z.number().min(0).max(2).nullable(),
    top_p: z.number().min(0).max(1).nullable(),
    top_k: z.number().int().min(-1).max(1_000_000).nullable(),
    min_p: z.number().min(0).max(1).nullable(),
    repetition_penalty: z.number().min(0).max(10).nullable(),
    frequency_penalty: z.number().min(-2).max(2).nullable(),
    presence_penalty: z.number().min(-2).max(2).nullable(),
    seed: z.number().int().nullable(),
    max_tokens: z.number().int().positive().nullable(),
    reasoning_effort: z.string().min(1).max(100).nullable(),
    enable_thinking: z.boolean().nullable(),
  })
  .partial();

const AllFacts = z.strictObject({
  ...ModelTraits.shape,
  /** `text`: it writes its calls of tools as text, from which the gateway recovers them. */
  toolCalls: z.enum(['native', 'text']),
  /** Put into a request that does not say it itself. */
  sampling: Sampling,
  /** OpenAI's reasoning models refuse the older name. */
  maxTokensField: z.enum(['max_tokens', 'max_completion_tokens']),
  /** US dollars per million tokens. */
  price: Price,
});
export const ModelFacts = AllFacts.partial();
/** What one source says of a model; what it does not know is left out. */
export type ModelFacts = z.infer<typeof ModelFacts>;

export interface ModelProfile extends Omit<z.infer<typeof AllFacts>, 'price'> {
  /** Null: it is not known. */
  price: Price | null;
}

/** Of a model of which nothing is known. */
export const USUAL_PROFILE: ModelProfile = {
  ...USUAL_TRAITS,
  toolCalls: 'native',
  sampling: {},
  maxTokensField: 'max_tokens',
  price: null,
};

/** The request with what the profile says of how its answer is chosen, where it does not say so itself. */
export function withSampling(
  request: ChatRequest,
  { sampling, maxTokensField }: Pick<ModelProfile, 'sampling' | 'maxTokensField'>,
): ChatRequest {
  const { max_tokens: most, ...others } = sampling;
  const isSaid = (name: string) => request[name] !== null && request[name] !== undefined;
  const more = Object.entries(others).filter(([name, value]) => isOf(value) && !isSaid(name));
  const limited = isSaid('max_tokens') || isSaid('max_completion_tokens');
  if (isOf(most) && !limited) more.push([maxTokensField, most]);
  const whole = { ...request, ...Object.fromEntries(more) };
  if (maxTokensField === 'max_tokens' || !isSaid('max_tokens')) return whole;
  const { max_tokens: older, ...rest } = whole;
  return { ...rest, max_completion_tokens: rest['max_completion_tokens'] ?? older };
}

const isOf = (value: unknown) => value !== null && value !== undefined;
