// What the scripted model reads from a request's messages: the instruction and the results of its calls so far.
import type { ChatMessage } from '../chat-request.ts';

/** What one bash call gave. */
export interface ToolResult {
  /** Standard output and error, as the agent reported them. */
  output: string;
  /** Null when the agent did not say; it says so only for failures. */
  exitCode: number | null;
  failed: boolean;
}

export interface Conversation {
  instruction: string;
  results: ToolResult[];
}

/** The text of a message; parts that are no text are left out. */
function textOf(message: ChatMessage): string {
  if (typeof message.content === 'string') return message.content;
  const parts = message.content ?? [];
  return parts.map((part) => (typeof part['text'] === 'string' ? part['text'] : '')).join('');
}

// Pi puts these at the end of a failed call's output; a chat completion message has no other sign of failure.
const EXIT_CODE = /(?:^|\n)Command exited with code (\d+)\s*$/;
const FAILED_OTHERWISE =
  /(?:^|\n)Command (?:aborted|timed out after [\d.]+ seconds|terminated without an exit code)\s*$|^(?:Working directory does not exist|Tool \S+ not found|Validation failed for tool)/;

function toResult(message: ChatMessage): ToolResult {
  const text = textOf(message);
  const exit = EXIT_CODE.exec(text);
  const exitCode = exit ? Number(exit[1]) : null;
  const marked = message['is_error'] === true || message['isError'] === true;
  const failed = marked || FAILED_OTHERWISE.test(text) || (exitCode !== null && exitCode !== 0);
  return { output: text.trimEnd(), exitCode, failed };
}

/** The first user message is the instruction; each tool message after it answers one call, in order. */
export function readConversation(messages: readonly ChatMessage[]): Conversation {
  const first = messages.find((message) => message.role === 'user');
  return {
    instruction: first ? textOf(first) : '',
    results: messages.filter((message) => message.role === 'tool').map(toResult),
  };
}
