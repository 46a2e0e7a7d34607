// What a call of a model may take at the most, told from its request before it is made.
import type { Estimate } from '../../core/budget.ts';
import { modelCost, type Prices } from '../../core/cost.ts';
import type { ChatRequest } from '../llm/chat-request.ts';

/** Tokens and cost are known when the request limits its answer, and the cost when the price list has the model. */
export function estimateCall(request: ChatRequest, prices: Prices): Estimate {
  const outputTokens = answerMost(request);
  if (outputTokens === null) return { tokens: null, nanoUsd: null, calls: 1 };
  // No tokenizer makes more tokens of a text than it has bytes.
  const inputTokens = Buffer.byteLength(JSON.stringify(request));
  const tokens = { inputTokens, outputTokens, cachedTokens: 0, reasoningTokens: 0 };
  const { nanoUsd, source } = modelCost(prices, request.model, tokens, null);
  return { tokens: inputTokens + outputTokens, nanoUsd: source === 'prices' ? nanoUsd : null, calls: 1 };
}

/** OpenAI's two names for the limit, times the number of answers. */
function answerMost(request: ChatRequest): number | null {
  const limit = countOf(request['max_completion_tokens']) ?? countOf(request['max_tokens']);
  return limit === null ? null : limit * (countOf(request['n']) ?? 1);
}

function countOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : null;
}
