// What hangs on Pi's events, as an extension of Pi's that is made here and looked for on no disk. Used by pi.ts.
import { createSyntheticSourceInfo, type Extension } from '@earendil-works/pi-coding-agent';
import { isRecord } from '../lib/json.ts';

/** What a tool's result says to the agent instead; null leaves it. @param callId the call's */
export type ReplaceResult = (callId: string) => string | null;

export function toolResultHook(replace: ReplaceResult): Extension {
  const path = '<seed>';
  const onMessageEnd = async (event: unknown) => {
    const message = isRecord(event) ? event['message'] : null;
    if (!isRecord(message) || message['role'] !== 'toolResult') return undefined;
    const text = replace(String(message['toolCallId']));
    return text === null ? undefined : { message: { ...message, content: [{ type: 'text', text }] } };
  };
  return {
    path,
    resolvedPath: path,
    sourceInfo: createSyntheticSourceInfo(path, { source: path }),
    handlers: new Map([['message_end', [onMessageEnd]]]),
    tools: new Map(),
    messageRenderers: new Map(),
    commands: new Map(),
    flags: new Map(),
    shortcuts: new Map(),
  };
}
