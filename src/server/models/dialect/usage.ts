// What an upstream says of what a call took, in whatever words and wherever it stands. Called by ../call-meter.ts.
import { isRecord } from '../../../lib/json.ts';
import { mergeTold, NOTHING_TOLD, type ToldUsage } from '../../spending/call-usage.ts';

/** No call takes a billion tokens, or costs a million dollars. */
const MOST_TOKENS = 1_000_000_000;
const MOST_USD = 1_000_000;
/** xAI tells the cost in these. */
const TICKS_PER_USD = 10_000_000_000;

/** The counts, by each name that upstreams have for them; the most usual first. */
const INPUT = words(`prompt_tokens input_tokens promptTokens inputTokens promptTokenCount prompt_token_count
  inputTokenCount input_token_count tokens_prompt prompt_eval_count`);
const OUTPUT = words(`completion_tokens output_tokens completionTokens outputTokens candidatesTokenCount
  candidates_token_count outputTokenCount output_token_count tokens_completion generated_tokens eval_count`);
const TOTAL = words('total_tokens totalTokens totalTokenCount total_token_count');
const CACHED = words(`cached_tokens cachedTokens cache_read_tokens num_cached_tokens prompt_cache_hit_tokens
  cachedContentTokenCount cached_content_token_count`);
/** Read from the cache and written to it, where the input may be told without them. */
const CACHE_READ = words('cache_read_input_tokens cacheReadInputTokens cacheReadInputTokenCount');
const CACHE_WRITE = words('cache_creation_input_tokens cacheCreationInputTokens cacheWriteInputTokens');
const REASONING = words('reasoning_tokens reasoningTokens thinking_tokens');
/** Gemini tells these beside the output. */
const THOUGHTS = words('thoughtsTokenCount thoughts_token_count');
const INPUT_PARTS = words('prompt_tokens_details input_tokens_details promptTokensDetails inputTokensDetails');
const OUTPUT_PARTS = words('completion_tokens_details output_tokens_details completionTokensDetails');

function words(text: string): string[] {
  return text.split(/\s+/);
}

/** Each number by itself: what is missing or makes no sense is null. `model` is the one that answered. */
export function usageOf(json: object): ToldUsage & { model: string | null } {
  const event = json as Record<string, unknown>;
  const model = event['model'];
  const places = placesIn(event);
  const [only] = places;
  // What is told in several places is told by the first that knows it.
  const told =
    only !== undefined && places.length === 1
      ? toldIn(only)
      : places.reduceRight((later, place) => mergeTold(later, toldIn(place)), NOTHING_TOLD);
  return { ...told, model: typeof model === 'string' && model.length <= 200 ? model : null };
}

function placesIn(event: Record<string, unknown>): Record<string, unknown>[] {
  const places: Record<string, unknown>[] = [];
  const look = (place: unknown) => {
    if (isRecord(place)) places.push(place);
  };
  look(event['usage']);
  look(event['usageMetadata'] ?? event['usage_metadata']);
  if (isRecord(event['x_groq'])) look(event['x_groq']['usage']);
  const choices = event['choices'];
  const choice: unknown = Array.isArray(choices) ? choices[0] : null;
  if (isRecord(choice)) {
    const { usage, delta, message } = choice;
    look(usage);
    if (isRecord(delta)) look(delta['usage']);
    if (isRecord(message)) look(message['usage']);
  }
  look(event['amazon-bedrock-invocationMetrics']);
  if (event['timings'] !== undefined) look(timingsOf(event['timings']));
  // Some have no object around the counts.
  if ('prompt_tokens' in event || 'completion_tokens' in event || 'eval_count' in event) look(event);
  return places;
}

/** llama.cpp: the prompt without what it had in its cache. */
function timingsOf(timings: unknown): object | null {
  if (!isRecord(timings)) return null;
  const [read, cached] = [countIn(timings, ['prompt_n']), countIn(timings, ['cache_n'])];
  return {
    ...(read !== null && { prompt_tokens: read + (cached ?? 0) }),
    completion_tokens: timings['predicted_n'],
    cached_tokens: cached,
  };
}

function toldIn(place: Record<string, unknown>): ToldUsage {
  // Cohere: what is billed, and what the model had.
  const { billed_units: billed, tokens } = place;
  if (isRecord(billed)) return toldIn(billed);
  if (isRecord(tokens)) return toldIn(tokens);
  const inputParts = recordIn(place, INPUT_PARTS);
  const outputParts = recordIn(place, OUTPUT_PARTS);
  const thoughts = countIn(place, THOUGHTS);
  const told = {
    input: countIn(place, INPUT),
    output: countIn(place, OUTPUT),
    total: countIn(place, TOTAL),
    cached: countIn(inputParts, CACHED) ?? countIn(place, CACHED) ?? 0,
    cacheRead: countIn(place, CACHE_READ) ?? 0,
    cacheWrite: countIn(place, CACHE_WRITE) ?? 0,
    reasoning: countIn(outputParts, REASONING) ?? countIn(place, REASONING) ?? thoughts ?? 0,
  };
  const { input, output } = wholeOf(told, { thoughts, isAnthropic: 'input_tokens' in place });
  const cached = told.cached || told.cacheRead;
  return {
    inputTokens: input,
    outputTokens: output,
    totalTokens: input === null && output === null ? told.total : null,
    cachedTokens: input === null ? cached : Math.min(cached, input),
    reasoningTokens: output === null ? told.reasoning : Math.min(told.reasoning, output),
    costUsd: costIn(place),
  };
}

interface Counts {
  input: number | null;
  output: number | null;
  total: number | null;
  cacheRead: number;
  cacheWrite: number;
  reasoning: number;
}

/** The input with what came from the cache, and the output with what was thought, wherever they are counted. */
function wholeOf(
  { input, output, total, cacheRead, cacheWrite, reasoning }: Counts,
  { thoughts, isAnthropic }: { thoughts: number | null; isAnthropic: boolean },
): Pick<Counts, 'input' | 'output'> {
  const cache = cacheRead + cacheWrite;
  if (total === null) {
    if (thoughts !== null) return { input, output: (output ?? 0) + thoughts };
    return { input: input !== null && isAnthropic ? input + cache : input, output };
  }
  if (input !== null && output === null) return { input, output: Math.max(0, total - input) };
  if (output !== null && input === null) return { input: total > output ? total - output : null, output };
  if (input === null || output === null) return { input, output };
  const more = total - input - output;
  if (more <= 0 || input === 0) return { input, output };
  if (cache > 0 && more === cache) return { input: input + more, output };
  // xAI and Gemini: all that is in the total and not in the prompt is billed as output.
  return cache === 0 || more === reasoning ? { input, output: output + more } : { input, output };
}

function recordIn(place: Record<string, unknown>, names: readonly string[]): Record<string, unknown> {
  for (const name of names) if (isRecord(place[name])) return place[name];
  return {};
}

/** The first that is a count, as a number or as text. */
function countIn(place: Record<string, unknown>, names: readonly string[]): number | null {
  for (const name of names) {
    const value = numberOf(place[name]);
    if (value !== null && Number.isInteger(value) && value <= MOST_TOKENS) return value;
  }
  return null;
}

function numberOf(value: unknown): number | null {
  const number = typeof value === 'string' && /^\s*\d+(?:\.\d+)?\s*$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) && number >= 0 ? number : null;
}

/** In US dollars: OpenRouter's, Perplexity's in an object, DeepInfra's, xAI's in ticks. */
function costIn(place: Record<string, unknown>): number | null {
  const { cost } = place;
  const ticks = numberOf(place['cost_in_usd_ticks']);
  const told =
    numberOf(isRecord(cost) ? cost['total_cost'] : cost) ??
    numberOf(place['total_cost']) ??
    numberOf(place['estimated_cost']) ??
    (ticks === null ? null : ticks / TICKS_PER_USD);
  return told !== null && told <= MOST_USD ? told : null;
}
