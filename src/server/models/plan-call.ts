// What a call of a model may take at the most, told from its request before it is made.
import { modelCost, type Prices } from '../../lib/money.ts';
import type { PlannedCall } from '../spending/reservations.ts';
import type { ChatRequest } from './chat-request.ts';
import { answerMost, tokensOfRequest } from './token-estimate.ts';

/** The most is known when the request limits its answer, and the cost when the price list has the model. */
export function planCall(request: ChatRequest, prices: Prices, priced: boolean): PlannedCall {
  const { model } = request;
  const planned = { model, inputTokens: tokensOfRequest(request), priced };
  const outputTokens = answerMost(request);
  if (outputTokens === null) return { ...planned, atMost: { tokens: null, nanoUsd: null, calls: 1 } };
  // No tokenizer makes more tokens of a text than it has bytes.
  const inputTokens = Buffer.byteLength(JSON.stringify(request));
  const tokens = { inputTokens, outputTokens, cachedTokens: 0, reasoningTokens: 0 };
  const { nanoUsd, source } = modelCost(prices, model, tokens, null);
  const known = source === 'prices' ? nanoUsd : null;
  return { ...planned, atMost: { tokens: inputTokens + outputTokens, nanoUsd: known, calls: 1 } };
}
