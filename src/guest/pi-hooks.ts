// What hangs on Pi's events, as an extension of Pi's that is made here and looked for on no disk. Used by pi.ts.
import { createSyntheticSourceInfo, type Extension } from '@earendil-works/pi-coding-agent';
import { isRecord } from '../lib/json.ts';

/** What a tool's result says to the agent instead; null leaves it. @param callId the call's */
export type ReplaceResult = (callId: string) => string | null;

export interface Hooks {
  replaceResult: ReplaceResult;
  /** Of the task: a summary of the conversation keeps it word for word. */
  instruction: string;
}

export function hooksOfSeed({ replaceResult, instruction }: Hooks): Extension {
  const path = '<seed>';
  const onMessageEnd = async (event: unknown) => {
    const message = isRecord(event) ? event['message'] : null;
    if (!isRecord(message) || message['role'] !== 'toolResult') return undefined;
    const text = replaceResult(String(message['toolCallId']));
    return text === null ? undefined : { message: { ...message, content: [{ type: 'text', text }] } };
  };
  const onContext = async (event: unknown) => {
    const messages = isRecord(event) && Array.isArray(event['messages']) ? event['messages'] : [];
    if (!messages.some(isSummary)) return undefined;
    return {
      messages: messages.map((message) => (isSummary(message) ? withTask(message, instruction) : message)),
    };
  };
  return {
    path,
    resolvedPath: path,
    sourceInfo: createSyntheticSourceInfo(path, { source: path }),
    handlers: new Map([
      ['message_end', [onMessageEnd]],
      ['context', [onContext]],
    ]),
    tools: new Map(),
    messageRenderers: new Map(),
    commands: new Map(),
    flags: new Map(),
    shortcuts: new Map(),
  };
}

const isSummary = (message: unknown): message is Record<string, unknown> =>
  isRecord(message) && message['role'] === 'compactionSummary';

const withTask = (message: Record<string, unknown>, instruction: string) => ({
  ...message,
  summary: `The task, word for word:\n${instruction}\n\n${String(message['summary'])}`,
});
