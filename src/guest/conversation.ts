// What was said in the tasks before, given to the agent as its own conversation, and what it is told of the
// change. Used by run-task.ts.
import type { SessionManager } from '@earendil-works/pi-coding-agent';
import { CONTINUED, type Conversation, type ConversationEntry } from '../protocol/conversation.ts';

type Message = Parameters<SessionManager['appendMessage']>[0];
type Assistant = Extract<Message, { role: 'assistant' }>;
type Said = Extract<ConversationEntry, { type: 'text' | 'tool_call' }>;
type Result = Extract<ConversationEntry, { type: 'tool_result' }>;

const CUT_OFF = '[The call was cut off before it had an answer: it is not known what came of it.]';
const LEFT_OUT = '[What was said before this is left out.]';

/** As if it had been said in this session. What a model thought is not told: another one may answer now. */
export function restoreConversation(manager: SessionManager, { entries, isCut }: Conversation): void {
  const [first] = entries;
  const summary = first?.type === 'summary' ? first : null;
  // Pi looks at how long a conversation is only where its last answer is younger than its summary.
  const timestamp = Date.now() + 1_000;
  const said = messagesOf(summary === null ? entries : entries.slice(1));
  const all = said.map(({ message, at }) => ({ message: { ...message, timestamp }, at }));
  if (isCut) manager.appendMessage(userMessage(LEFT_OUT));
  if (summary === null) {
    for (const { message } of all) manager.appendMessage(message);
    return;
  }
  // Those that the summary keeps come before it in the session, though the agent reads them behind it.
  const ids = all.filter(({ at }) => at < summary.keeps).map(({ message }) => manager.appendMessage(message));
  manager.appendCompaction(summary.text, ids[0] ?? null, 0);
  for (const { message } of all.filter(({ at }) => at >= summary.keeps)) manager.appendMessage(message);
}

interface Placed {
  message: Message;
  /** Of its first entry. */
  at: number;
}

/** Each answer of a tool behind the message that called it: every upstream wants it so. */
function messagesOf(entries: readonly ConversationEntry[]): Placed[] {
  const messages: Placed[] = [];
  let said: Said[] = [];
  let since = 0;
  let results: Result[] = [];
  let waiting: Placed[] = [];
  const close = () => {
    const calls = said.filter((entry) => entry.type === 'tool_call');
    if (said.length > 0) messages.push({ message: assistantMessage(said), at: since });
    for (const { callId, tool } of calls) {
      const result = results.find((one) => one.callId === callId);
      messages.push({ message: resultMessage(callId, tool, result), at: since });
    }
    messages.push(...waiting);
    said = [];
    results = [];
    waiting = [];
  };
  for (const [at, entry] of entries.entries()) {
    if (entry.type === 'user') {
      const placed = { message: userMessage(entry.text), at };
      if (isOpen(said, results)) waiting.push(placed);
      else {
        close();
        messages.push(placed);
      }
    } else if (entry.type === 'tool_result') {
      results.push(entry);
    } else if (entry.type !== 'summary') {
      if (results.length > 0 && !isOpen(said, results)) close();
      if (said.length === 0) since = at;
      said.push(entry);
    }
  }
  close();
  return messages;
}

/** Whether something was called that has no answer yet. */
const isOpen = (said: readonly Said[], results: readonly Result[]) =>
  said.some((entry) => entry.type === 'tool_call' && !results.some(({ callId }) => callId === entry.callId));

const userMessage = (text: string): Message => ({ role: 'user', content: text, timestamp: 0 });

const NOTHING = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };

function assistantMessage(said: readonly Said[]): Assistant {
  const content = said.map((entry): Assistant['content'][number] =>
    entry.type === 'text'
      ? { type: 'text', text: entry.text }
      : { type: 'toolCall', id: entry.callId, name: entry.tool, arguments: entry.input as never },
  );
  return {
    role: 'assistant',
    content,
    api: 'openai-completions',
    provider: 'seed',
    model: 'before',
    usage: { ...NOTHING, totalTokens: 0, cost: { ...NOTHING, total: 0 } },
    stopReason: said.some(({ type }) => type === 'tool_call') ? 'toolUse' : 'stop',
    timestamp: 0,
  };
}

function resultMessage(toolCallId: string, toolName: string, result: Result | undefined): Message {
  const { output, isError } = result ?? { output: CUT_OFF, isError: true };
  return {
    role: 'toolResult',
    toolCallId,
    toolName,
    content: [{ type: 'text', text: output }],
    isError,
    timestamp: 0,
  };
}

/** The instruction, behind what has changed since the task before. */
export function continuedInstruction(instruction: string, notes: readonly string[]): string {
  const told = [
    `${CONTINUED}, in which nothing runs any more of what you started before.`,
    ...notes,
    'What you may call now is what is listed at the top.',
  ];
  return `${told.join(' ')}]\n\n${instruction}`;
}
