// How the scripted model counts its tokens: from the length of the text, the same for the same text.
import type { ChatRequest } from '../chat-request.ts';
import type { TokenUsage } from '../usage.ts';
import type { Step } from './step.ts';

/** About what tokenizers make of English and code. */
const CHARACTERS_PER_TOKEN = 4;

/** At least one, however short the text. */
function countTokens(text: string): number {
  return Math.max(1, Math.ceil(text.length / CHARACTERS_PER_TOKEN));
}

export function countUsage(request: ChatRequest, step: Step): TokenUsage {
  return {
    inputTokens: countTokens(JSON.stringify([request.messages, request.tools ?? []])),
    outputTokens: countTokens(step.kind === 'bash' ? step.command : step.text),
    cachedTokens: 0,
    reasoningTokens: 0,
    costUsd: null,
    model: request.model,
  };
}
