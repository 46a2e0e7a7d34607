// Whether the agent's last answer is none, but a tool call that the model wrote as text and that nobody ran: the
// gateway makes a call of such a text where that is safe, so what comes here is not. Called by run-agent.ts.
import type { AgentSession } from '@earendil-works/pi-coding-agent';
import { isNothingButCalls } from '../lib/written-calls/written-calls.ts';
import type { GuestResult } from '../protocol/guest.ts';

/** Said once; it quotes nothing, so that the call can still be made. */
export const REMINDER =
  'Your last message was a tool call written as text, so nothing was run. If you still need it, make one call and write nothing else; otherwise answer in plain words.';

export const UNREADABLE: NonNullable<GuestResult['error']> = {
  code: 'tool_call_unreadable',
  message:
    'the model wrote a tool call as text instead of calling the tool, also after it was told so: nothing of it was run',
};

/** @param answer the text of a message without calls */
export function isWrittenCall(answer: string, session: Pick<AgentSession, 'getActiveToolNames'>): boolean {
  const tools = session.getActiveToolNames().map((name) => ({ name, parameters: {} }));
  return isNothingButCalls(answer, tools);
}
