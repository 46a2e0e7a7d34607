// What is known of one call of a model while it is under way: what went to the upstream and what came of it. The parts that
// talk to the upstream tell it; the call is settled by it, however it ends, also when its server is killed.

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
import { usageOf } from './usage.ts';
import { writtenBytes } from './written-bytes.ts';

export class CallMeter {
  readonly #request: ChatRequest;
  #requests = 0;
  #told: ToldUsage = NOTHING_TOLD;
  #writtenBytes = 0;
  #finished = false;
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

  /** The answer came to its end. */
  finished(): void {
    this.#finished = true;
  }

  get isFinished(): boolean {
    return this.#finished;
  }

  get hasWritten(): boolean {
    return this.#writtenBytes > 0;
  }

  /** An estimate of what the model has written so far. */
  get outputTokens(): number {
    return Math.min(tokensOfBytes(this.#writtenBytes), answerMost(this.#request) ?? Number.POSITIVE_INFINITY);
  }

  cost(prices: Prices, model: string): CallCost {
    const facts: CallFacts = {
      told: this.#told,
      requests: this.#requests,
      finished: this.#finished,
      output: this.outputTokens,
      // Only where it is needed: a request may have megabytes.
      input: () => tokensOfRequest(this.#request),
    };
    return callCost(prices, model, facts);
  }
}
