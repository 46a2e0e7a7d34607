// What is known of one call of a model while it is in flight: what went to the upstream and what came of it. The
// parts that talk to the upstream tell it; the call is settled by it, also when its server is killed.
import { z } from 'zod';
import type { Prices } from '../../lib/money.ts';
import {
  type CallCost,
  type CallFacts,
  callCost,
  mergeTold,
  NOTHING_TOLD,
  type ToldUsage,
} from '../spending/call-usage.ts';
import type { ChatRequest } from './chat-request.ts';
import { answerMost, tokensOfBytes, tokensOfRequest } from './token-estimate.ts';

export class CallMeter {
  readonly #request: ChatRequest;
  #requests = 0;
  #told: ToldUsage = NOTHING_TOLD;
  #writtenBytes = 0;
  /** The answer came to its end. */
  isFinished = false;
  /** The one that answered, as the upstream names it; null: it did not say, or did not answer. */
  answeredModel: string | null = null;

  constructor(request: ChatRequest) {
    this.#request = request;
  }

  /** A request is on its way: from now on the upstream may have served it. */
  sent(): void {
    this.#requests += 1;
  }

  /** It is certain that the upstream did not serve the last one: it never arrived, or was refused. */
  notServed(): void {
    this.#requests -= 1;
  }

  /** @param json an answer or a chunk of one */
  answered(json: object): void {
    const { model, ...told } = usageOf(json);
    this.answeredModel = model ?? this.answeredModel;
    this.#told = mergeTold(this.#told, told);
    this.wrote(writtenBytes(json));
  }

  /** So much came that the model wrote. */
  wrote(bytes: number): void {
    this.#writtenBytes += bytes;
  }

  finished(): void {
    this.isFinished = true;
  }

  /** An estimate of what the model has written so far. */
  get outputTokens(): number {
    return Math.min(tokensOfBytes(this.#writtenBytes), answerMost(this.#request) ?? Number.POSITIVE_INFINITY);
  }

  cost(prices: Prices, model: string): CallCost {
    const facts: CallFacts = {
      told: this.#told,
      requests: this.#requests,
      finished: this.isFinished,
      output: this.outputTokens,
      // Only where it is needed: a request may have megabytes.
      input: () => tokensOfRequest(this.#request),
    };
    return callCost(prices, model, facts);
  }
}

/** No call takes a billion tokens. */
const Count = z.number().int().nonnegative().max(1_000_000_000).nullable().catch(null).default(null);
const Part = z.object({ cached_tokens: Count, reasoning_tokens: Count }).partial().nullish().catch(null);
const Usage = z.object({
  prompt_tokens: Count,
  completion_tokens: Count,
  prompt_tokens_details: Part,
  completion_tokens_details: Part,
  /** OpenRouter's. No call costs a million dollars. */
  cost: z.number().nonnegative().max(1_000_000).nullish().catch(null),
});
const Said = z
  .object({
    model: z.string().max(200).nullish().catch(null),
    usage: Usage.nullish().catch(null),
    /** Some upstreams put it beside the choice. */
    choices: z
      .array(z.object({ usage: Usage.nullish().catch(null) }).catch({}))
      .nullish()
      .catch(null),
  })
  .catch({});

/** Each number by itself: what is missing or makes no sense is null. `model` is the one that answered. */
export function usageOf(json: object): ToldUsage & { model: string | null } {
  const { model, usage: whole, choices } = Said.parse(json);
  const usage = whole ?? choices?.[0]?.usage;
  return {
    inputTokens: usage?.prompt_tokens ?? null,
    outputTokens: usage?.completion_tokens ?? null,
    cachedTokens: usage?.prompt_tokens_details?.cached_tokens ?? 0,
    reasoningTokens: usage?.completion_tokens_details?.reasoning_tokens ?? 0,
    costUsd: usage?.cost ?? null,
    model: model ?? null,
  };
}

/** Names of what only frames an answer and is not written by the model. */
const FRAME: readonly string[] = [
  ...['role', 'id', 'type', 'object', 'format', 'finish_reason', 'native_finish_reason', 'stop_reason'],
  ...['logprobs', 'usage', 'signature'],
  // Bytes of images and sounds.
  ...['url', 'data'],
];
/** Names for the same text, of which some upstreams send several. */
const REASONING: readonly string[] = ['reasoning', 'reasoning_content', 'reasoning_details', 'thinking'];
/** No dialect nests deeper, and whoever did could exhaust the stack. */
const DEPTH = 12;

/** Bytes of UTF-8 that the model wrote, by whatever name: content, refusal, reasoning, tool calls. */
export function writtenBytes(json: object): number {
  return 'choices' in json ? bytesIn(json.choices, DEPTH) : 0;
}

function bytesIn(value: unknown, depth: number): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (typeof value !== 'object' || value === null || depth === 0) return 0;
  if (Array.isArray(value)) return value.reduce((sum, item) => sum + bytesIn(item, depth - 1), 0);
  let bytes = 0;
  let reasoning = 0;
  for (const [name, inner] of Object.entries(value)) {
    if (FRAME.includes(name)) continue;
    const more = bytesIn(inner, depth - 1);
    if (REASONING.includes(name)) reasoning = Math.max(reasoning, more);
    else bytes += more;
  }
  return bytes + reasoning;
}
