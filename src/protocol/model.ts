// A model that tasks can be given.
import { z } from 'zod';

/** The model that comes with Seed. It is no language model. */
export const SCRIPTED_MODEL = 'scripted';

const SCRIPTED_NOTE =
  '`scripted` is no language model: it runs fenced bash blocks and knows a few instructions by heart. A real one needs OPENROUTER_API_KEY or SEED_LLM_BASE_URL when the server starts.';

/** What whoever uses these models should know; null where there is nothing to say. */
export function modelNote(models: readonly string[]): string | null {
  return models.includes(SCRIPTED_MODEL) ? SCRIPTED_NOTE : null;
}

/** What the agent's runtime must know of its model. The rest of what is known of one stays in the gateway. */
export const ModelTraits = z.object({
  /** Tokens of a request and its answer together. */
  contextTokens: z.number().int().positive(),
  /** The most tokens of one answer. */
  outputTokens: z.number().int().positive(),
  /** Whether it thinks before it answers, and says so apart from the answer. */
  reasoning: z.boolean(),
  /** `bash`: it is given that tool alone, as small models do better with. */
  tools: z.enum(['all', 'bash']),
});
export type ModelTraits = z.infer<typeof ModelTraits>;

/** Of a model of which nothing is known. */
export const USUAL_TRAITS: ModelTraits = {
  contextTokens: 128_000,
  outputTokens: 16_384,
  reasoning: false,
  tools: 'all',
};

/** Who says a thing of a model; what nobody says is as usual. */
export const FactSource = z.enum(['settings', 'test', 'prices', 'upstream', 'size', 'table', 'usual']);
export type FactSource = z.infer<typeof FactSource>;

const Millions = z.number().nonnegative();
const ToolCalls = z.enum(['native', 'text', 'none']);

export const ModelTest = z
  .object({
    model: z.string(),
    testedAt: z.iso.datetime(),
    answered: z.boolean().describe('The model gave an answer, whatever it was'),
    toolCalls: ToolCalls.nullable().describe(
      'How it called the tool: as the API has it (`native`), written as `text`, or not at all (`none`); null: it did not answer',
    ),
    said: z.string().nullable().describe('The beginning of what it said where it called no tool'),
    streaming: z.boolean().nullable().describe('The answer came in parts, as it was written'),
    usage: z.enum(['told', 'estimated']).nullable().describe('Whether the upstream says what a call took'),
    reasoning: z.boolean().nullable().describe('It thought before it answered, apart from the answer'),
    contextTokens: z.number().int().describe('The context that tasks reckon with'),
    contextFrom: FactSource.describe('Who says so'),
    firstPartMs: z.number().int().nullable().describe('Milliseconds to the first part of the answer'),
    durationMs: z.number().int().describe('Milliseconds to its end'),
    error: z
      .object({ code: z.string(), message: z.string() })
      .nullable()
      .describe('Why it did not answer: the upstream’s own reason'),
    says: z.string().describe('The same in words, a line for each thing'),
  })
  .meta({ id: 'ModelTest' });
export type ModelTest = z.infer<typeof ModelTest>;

export const ModelHealth = z.object({
  state: z
    .enum(['ok', 'resting', 'on_trial'])
    .describe('`resting`: it failed, and others are asked first; `on_trial`: the next call finds out'),
  restSeconds: z.number().int().nonnegative().describe('Until it is tried again; 0 unless it rests'),
  reason: z.string().nullable().describe('How it failed last; null when all is well'),
});
export type ModelHealth = z.infer<typeof ModelHealth>;

export const ModelView = z
  .object({
    name: z.string(),
    default: z.boolean().describe('Used, in the order of the list, by tasks that name no model'),
    note: z.string().nullable().describe('What whoever uses it should know: that `scripted` is no language model'),
    contextTokens: z.number().int().describe('Tokens of a request and its answer together'),
    outputTokens: z.number().int().describe('The most tokens of one answer'),
    reasoning: z.boolean().describe('It thinks before it answers'),
    tools: z
      .enum(['all', 'bash'])
      .describe('`bash`: its agent is given that tool alone, as small models do better with'),
    toolCalls: ToolCalls.describe(
      '`text`: it writes its calls of tools as text, and they are recovered from there',
    ),
    temperature: z
      .number()
      .nullable()
      .describe("Sent with each call; null: none, so that it is the upstream's own"),
    price: z
      .object({ input: Millions, output: Millions, cached: Millions.optional() })
      .nullable()
      .describe('US dollars per million tokens; null: not known'),
    sources: z
      .record(z.string(), FactSource)
      .describe(
        'Who says it, by the name of the thing: settings, a test, the price list, the upstream, its size, a kept table, or nobody',
      ),
    test: ModelTest.nullable().describe('The last test of it; null: it was not tested'),
    health: ModelHealth.describe('Whether it answers, as the calls of the server that tells this found'),
  })
  .meta({ id: 'Model' });
export type ModelView = z.infer<typeof ModelView>;
