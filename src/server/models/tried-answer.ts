// What a model answered when it was tried, read from the standard stream that the gateway makes of it. Called by
// test-model.ts.
import { isRecord } from '../../lib/json.ts';
import { ERROR_STATUS, type ErrorCode, SeedError } from '../../protocol/errors.ts';
import { CALL_LIMITS } from './call-signal.ts';
import type { ChatRequest } from './chat-request.ts';
import { createEventReader } from './dialect/event-stream.ts';
import { createNormaliser } from './dialect/normaliser.ts';

export interface TriedAnswer {
  text: string;
  hasReasoning: boolean;
  /** Names of the tools that it called. */
  calls: string[];
}

/**
 * @param onPart called for each event
 * @throws SeedError what the stream ends with when the upstream fails
 */
export async function readTriedAnswer(response: Response, onPart: () => void): Promise<TriedAnswer> {
  const answer: TriedAnswer = { text: '', hasReasoning: false, calls: [] };
  const events = createEventReader({ eventBytes: CALL_LIMITS.lineBytes, documentBytes: CALL_LIMITS.answerBytes });
  const take = (event: unknown) => {
    if (!isRecord(event)) return;
    if (isRecord(event['error'])) throw toldError(event['error']);
    onPart();
    const [choice] = Array.isArray(event['choices']) ? event['choices'] : [];
    takeDelta(answer, isRecord(choice) && isRecord(choice['delta']) ? choice['delta'] : {});
  };
  for await (const bytes of response.body ?? []) for (const { json } of events.push(bytes)) take(json);
  for (const { json } of events.end()) take(json);
  return answer;
}

function takeDelta(answer: TriedAnswer, delta: Record<string, unknown>): void {
  if (typeof delta['content'] === 'string') answer.text += delta['content'];
  if (typeof delta['reasoning_content'] === 'string' && delta['reasoning_content'] !== '')
    answer.hasReasoning = true;
  const calls = Array.isArray(delta['tool_calls']) ? delta['tool_calls'] : [];
  for (const call of calls) {
    const name = isRecord(call) && isRecord(call['function']) ? call['function']['name'] : undefined;
    if (typeof name === 'string') answer.calls.push(name);
  }
}

function toldError({ code, message }: Record<string, unknown>): SeedError {
  const known =
    typeof code === 'string' && Object.hasOwn(ERROR_STATUS, code) ? (code as ErrorCode) : 'llm_unavailable';
  return new SeedError(known, typeof message === 'string' ? message : 'the answer broke off');
}

/** How the tools were called; `text`: as the gateway would recover it from there. */
export function toolCallsIn({ calls, text }: TriedAnswer, request: ChatRequest): 'native' | 'text' | 'none' {
  if (calls.length > 0) return 'native';
  const normaliser = createNormaliser({ request, toolCalls: 'text' });
  const message = { role: 'assistant', content: text };
  const pieces = [
    ...normaliser.push({ choices: [{ index: 0, message, finish_reason: 'stop' }] }),
    ...(normaliser.end({ done: true }) ?? []),
  ];
  return pieces.some((piece) => (piece.calls ?? []).length > 0) ? 'text' : 'none';
}
