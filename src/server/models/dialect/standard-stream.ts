// Writes standard pieces as OpenAI's chat completions have them: the chunks of a stream, or one completion. Called
// by ../upstream-completion.ts.
import { z } from 'zod';
import type { AnswerPiece, CallPiece } from './answer-piece.ts';

/** What an upstream says of its whole answer; what makes no sense is left out. */
export const SaidOfAnswer = z.object({
  id: z.string().min(1).max(200).optional().catch(undefined),
  /** Seconds since 1970. */
  created: z.int().optional().catch(undefined),
  /** The model that answers. */
  model: z.string().min(1).max(200).optional().catch(undefined),
  system_fingerprint: z.string().max(200).optional().catch(undefined),
  service_tier: z.string().max(200).optional().catch(undefined),
});

/** What every chunk of an answer says of it. */
export type AnswerHead = z.infer<typeof SaidOfAnswer> & { id: string; created: number; model: string };

/** As OpenAI has it, with OpenRouter's `cost` where the upstream told one. */
export interface StandardUsage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
  prompt_tokens_details: { cached_tokens: number };
  completion_tokens_details: { reasoning_tokens: number };
  cost?: number;
}

/** One event of a stream; the first one says the role. */
export function chunkEvent(head: AnswerHead, piece: AnswerPiece, isFirst: boolean): string {
  const { finish = null, logprobs } = piece;
  const delta = { ...(isFirst && { role: 'assistant' }), ...deltaOf(piece) };
  const choice = { index: 0, delta, ...(logprobs !== undefined && { logprobs }), finish_reason: finish };
  return event({ ...head, object: 'chat.completion.chunk', choices: [choice] });
}

/** The last chunk: what the answer took. */
export function usageEvent(head: AnswerHead, usage: StandardUsage): string {
  return event({ ...head, object: 'chat.completion.chunk', choices: [], usage });
}

export const DONE_EVENT = 'data: [DONE]\n\n';

function event(json: object): string {
  return `data: ${JSON.stringify(json)}\n\n`;
}

function deltaOf({ text, reasoning, refusal, calls = [], reasoningDetails }: AnswerPiece) {
  return {
    ...(text !== undefined && { content: text }),
    ...(reasoning !== undefined && { reasoning_content: reasoning }),
    ...(reasoningDetails !== undefined && { reasoning_details: reasoningDetails }),
    ...(refusal !== undefined && { refusal }),
    ...(calls.length > 0 && { tool_calls: calls.map(callDelta) }),
  };
}

function callDelta({ index, id, name, arguments: args, extra }: CallPiece) {
  const called = { ...(name !== undefined && { name }), arguments: args };
  return { index, ...(id !== undefined && { id, type: 'function' }), function: called, ...extra };
}

/** The whole answer as one JSON completion. */
export function completionOf(head: AnswerHead, pieces: readonly AnswerPiece[], usage: StandardUsage): object {
  const joined = (field: 'text' | 'reasoning' | 'refusal') => {
    const parts = pieces.flatMap((piece) => piece[field] ?? []);
    return parts.length === 0 ? null : parts.join('');
  };
  const calls = wholeCalls(pieces.flatMap((piece) => piece.calls ?? []));
  const reasoning = joined('reasoning');
  const details = pieces.flatMap(({ reasoningDetails }) => reasoningDetails ?? []);
  const message = {
    role: 'assistant',
    content: joined('text'),
    refusal: joined('refusal'),
    ...(reasoning !== null && { reasoning_content: reasoning }),
    ...(details.length > 0 && { reasoning_details: details }),
    ...(calls.length > 0 && { tool_calls: calls }),
  };
  const logprobs = pieces.findLast((piece) => piece.logprobs !== undefined)?.logprobs ?? null;
  const finish = pieces.findLast((piece) => piece.finish !== undefined)?.finish ?? 'stop';
  const choice = { index: 0, message, logprobs, finish_reason: finish };
  return { ...head, object: 'chat.completion', choices: [choice], usage };
}

function wholeCalls(parts: readonly CallPiece[]): object[] {
  const byIndex = Map.groupBy(parts, ({ index }) => index);
  return [...byIndex.values()].map((pieces) => {
    const { id, name } = pieces[0] ?? {};
    const args = pieces.map((piece) => piece.arguments).join('');
    const extra = Object.assign({}, ...pieces.map((piece) => piece.extra ?? {}));
    return { id, type: 'function', function: { name, arguments: args }, ...extra };
  });
}
