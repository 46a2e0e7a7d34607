// What is known of one call of a model while it is in flight: what went to the upstream and what came of it. The
// parts that talk to the upstream tell it; the call is settled by it, also when its server is killed.
import type { Prices } from '../../lib/money.ts';
import {
  type CallCost,
  type CallFacts,
  callCost,
  mergeTold,
  NOTHING_TOLD,
  shareOut,
  type ToldUsage,
} from '../spending/call-usage.ts';
import type { ChatRequest } from './chat-request.ts';
import type { StandardUsage } from './dialect/standard-stream.ts';
import { usageOf } from './dialect/usage.ts';
import { answerMost, tokensOfBytes, tokensOfRequest } from './token-estimate.ts';

export class CallMeter {
  readonly #request: ChatRequest;
  #requests = 0;
  #told: ToldUsage = NOTHING_TOLD;
  #writtenBytes = 0;
  /** The answer came to its end. */
  isFinished = false;
  /** It came as one document, whether a stream was asked for or not. */
  isWhole = false;
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

  /** @param json an answer or a chunk of one, as the upstream sent it */
  answered(json: object): void {
    const { model, ...told } = usageOf(json);
    this.answeredModel = model ?? this.answeredModel;
    this.#told = mergeTold(this.#told, told);
  }

  /** So much came that the model wrote. */
  wrote(bytes: number): void {
    this.#writtenBytes += bytes;
  }

  finished(): void {
    this.isFinished = true;
  }

  /** Whether the upstream says what the call took. */
  get isTold(): boolean {
    return Boolean(this.#told.inputTokens) && Boolean(this.#told.outputTokens);
  }

  /** An estimate of what the model has written so far. */
  get outputTokens(): number {
    return Math.min(tokensOfBytes(this.#writtenBytes), answerMost(this.#request) ?? Number.POSITIVE_INFINITY);
  }

  /** What the caller is told: the upstream's word, or an estimate. */
  get usage(): StandardUsage {
    const told = shareOut(this.#told, this.outputTokens);
    const { inputTokens, outputTokens, cachedTokens, reasoningTokens, costUsd } = told;
    const input = inputTokens || tokensOfRequest(this.#request);
    const output = outputTokens || this.outputTokens;
    return {
      prompt_tokens: input,
      completion_tokens: output,
      total_tokens: input + output,
      prompt_tokens_details: { cached_tokens: cachedTokens },
      completion_tokens_details: { reasoning_tokens: reasoningTokens },
      ...(costUsd !== null && { cost: costUsd }),
    };
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
