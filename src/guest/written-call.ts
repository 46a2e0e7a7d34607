// Whether the agent's last answer is none, but a tool call that the model wrote as text and that nobody ran: the
// gateway makes a call of such a text where that is safe, so what comes here is not. Called by run-agent.ts.
import type { AgentSession } from '@earendil-works/pi-coding-agent';
import { isNothingButCalls, writtenCalls } from '../lib/written-calls/written-calls.ts';
import type { GuestResult } from '../protocol/guest.ts';
import type { ToldCommand } from '../protocol/manifest.ts';
import { isCommandName } from './tool-answers.ts';

/** Said once; it quotes nothing, so that the call can still be made. */
const REMINDER =
  'Your last message was a tool call written as text, so nothing was run. If you still need it, make one call and write nothing else; otherwise answer in plain words.';

export const UNREADABLE: NonNullable<GuestResult['error']> = {
  code: 'tool_call_unreadable',
  message:
    'the model wrote a tool call as text instead of calling the tool, also after it was told so: nothing of it was run',
};

const COMMAND_REMINDER =
  'Your last message named a command as if it were a tool, and nothing was run. Commands are run by the tool bash: call it and write nothing else.';

/**
 * What to tell a model whose answer is a call of a tool, or of a command as if it were one, written as text; null
 * for every other answer.
 * @param answer the text of a message without calls
 */
export function reminderFor(
  answer: string,
  session: Pick<AgentSession, 'getActiveToolNames'>,
  commands: readonly ToldCommand[],
): string | null {
  const tools = session.getActiveToolNames().map((name) => ({ name, parameters: {} }));
  if (isNothingButCalls(answer, tools)) return REMINDER;
  const calls = writtenCalls(answer, []) ?? [];
  const areCommands = calls.length > 0 && calls.every(({ name }) => isCommandName(name, commands));
  return areCommands ? COMMAND_REMINDER : null;
}
