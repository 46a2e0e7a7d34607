// About how many tokens something has, which a call is settled by when its upstream does not say, and what a call
// may take at the most. In all languages: four bytes of UTF-8, so that scripts tokenizers know less of count more.
import { modelCost, type Prices } from '../../lib/money.ts';
import type { PlannedCall } from '../spending/reservations.ts';
import { ATTACHMENT_KEYS, type ChatRequest } from './chat-request.ts';

const BYTES_PER_TOKEN = 4;
/** An image, a sound or a file, whatever its size; smaller ones by their bytes. */
const ATTACHMENT_TOKENS = 1_000;
/** Under these names bytes stand in a message, and nothing that is read as text. */
const BYTES_KEYS: readonly string[] = [...ATTACHMENT_KEYS, 'data'];

export function tokensOfBytes(bytes: number): number {
  return Math.ceil(bytes / BYTES_PER_TOKEN);
}

function tokensOfText(text: string): number {
  return tokensOfBytes(Buffer.byteLength(text));
}

/** An estimate for the whole request as it is sent. */
export function tokensOfRequest(request: object): number {
  let attachments = 0;
  const rest = JSON.stringify(request, (key, value) => {
    if (typeof value !== 'string' || !BYTES_KEYS.includes(key)) return value;
    attachments += Math.min(ATTACHMENT_TOKENS, tokensOfText(value));
    return '';
  });
  return tokensOfText(rest) + attachments;
}

/** The most that the answer may have, by OpenAI's two names for it, times the answers; null: not limited. */
export function answerMost(request: ChatRequest): number | null {
  const limit = countOf(request['max_completion_tokens']) ?? countOf(request['max_tokens']);
  return limit === null ? null : limit * (countOf(request['n']) ?? 1);
}

function countOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : null;
}

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
