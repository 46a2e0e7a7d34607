// How the scripted model counts its tokens: by the estimate for all models, the same for the same text.
import type { ChatRequest } from '../chat-request.ts';
import { tokensOfText } from '../token-estimate.ts';
import type { Step } from './step.ts';

export interface ScriptedUsage {
  inputTokens: number;
  outputTokens: number;
}

export function countUsage(request: ChatRequest, step: Step): ScriptedUsage {
  return {
    inputTokens: tokensOfText(JSON.stringify([request.messages, request.tools ?? []])),
    // At least one, however short the text.
    outputTokens: Math.max(1, tokensOfText(step.kind === 'bash' ? step.command : step.text)),
  };
}
