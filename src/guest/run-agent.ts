// One run of the agent: the instruction in, events while it works, the outcome as a GuestResult.
import type { AgentSession, AgentSessionEvent } from '@earendil-works/pi-coding-agent';
import { isRecord } from '../lib/json.ts';
import type { GuestResult } from '../protocol/guest.ts';
import { LIMITS } from '../protocol/limits.ts';
import { cutMiddle } from '../protocol/text.ts';
import type { EventQueue } from './event-queue.ts';
import type { LlmWatch } from './model-fetch.ts';

type MessageEnd = Extract<AgentSessionEvent, { type: 'message_end' }>;
type AssistantMessage = Extract<MessageEnd['message'], { role: 'assistant' }>;
type Failure = NonNullable<GuestResult['error']>;

/** Never rejects because of the agent: whatever went wrong with it is in the result. */
export async function runAgent(session: AgentSession, instruction: string, events: EventQueue, llm: LlmWatch) {
  const diagnostics: string[] = [];
  const diagnose = (text: string) => {
    diagnostics.push(text);
    events.push({ type: 'diagnostic', text });
  };
  let last: AssistantMessage | null = null;
  const unsubscribe = session.subscribe((event) => {
    if (event.type === 'message_end' && event.message.role === 'assistant') last = event.message;
    report(event, events, diagnose);
  });
  let failure: Failure | null;
  try {
    await session.prompt(instruction, { expandPromptTemplates: false });
    failure = judge(last, llm, diagnose);
  } catch (error) {
    failure = { code: 'agent_failed', message: `the agent stopped: ${(error as Error).message}` };
  } finally {
    unsubscribe();
  }
  if (failure !== null) diagnose(failure.message);
  const answer = last === null ? '' : textOf(last);
  return {
    stdout: answer === '' ? null : cutMiddle(answer, LIMITS.stdoutBytes),
    stderr: diagnostics.length === 0 ? null : cutMiddle(diagnostics.join('\n'), LIMITS.stderrBytes),
    exitCode: failure === null ? 0 : 1,
    error: failure,
  };
}

function report(event: AgentSessionEvent, events: EventQueue, diagnose: (text: string) => void): void {
  if (event.type === 'message_end' && event.message.role === 'assistant') {
    const text = textOf(event.message);
    if (text !== '') events.push({ type: 'text', text });
  } else if (event.type === 'tool_execution_start') {
    const { toolCallId: callId, toolName: tool, args } = event;
    events.push({ type: 'tool_call', callId, tool, input: isRecord(args) ? args : { value: args } });
  } else if (event.type === 'tool_execution_end') {
    const { toolCallId: callId, isError } = event;
    events.push({ type: 'tool_result', callId, output: textOf(event.result), isError });
  } else if (event.type === 'auto_retry_start') {
    diagnose(`the LLM failed (${event.errorMessage}); attempt ${event.attempt} of ${event.maxAttempts} to go on`);
  }
}

function judge(last: AssistantMessage | null, llm: LlmWatch, diagnose: (text: string) => void): Failure | null {
  if (last === null) return { code: 'agent_failed', message: 'the agent ended without an answer' };
  if (last.stopReason === 'error') {
    const message = llm.failure() ?? last.errorMessage ?? 'the LLM gave no reason';
    return { code: 'llm_unavailable', message: `the LLM failed: ${message}` };
  }
  if (last.stopReason === 'aborted') return { code: 'agent_failed', message: 'the agent was aborted' };
  if (last.stopReason === 'length') diagnose('the answer was cut: the model reached its limit of output tokens');
  return null;
}

/** The text parts of a message or of a tool's result. */
function textOf(message: { content?: unknown }): string {
  if (!Array.isArray(message.content)) return '';
  return message.content
    .filter((part): part is { type: 'text'; text: string } => isRecord(part) && part['type'] === 'text')
    .map(({ text }) => text)
    .join('');
}
