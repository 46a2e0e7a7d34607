// What a task that ended without an answer has to show: used for the stdout of tasks that were killed or lost. Pure.

import type { AgentEvent } from '../../protocol/event.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { cutMiddle } from '../../protocol/text.ts';

/**
 * The agent's texts so far; when it said nothing, what its last tool has printed. Null when there is neither. At most
 * LIMITS.stdoutBytes, cut in the middle.
 */
export function outputSoFar(events: Iterable<AgentEvent | { type: string }>): string | null {
  const texts: string[] = [];
  let callId: string | undefined;
  let chunks: string[] = [];
  for (const event of events as Iterable<AgentEvent>) {
    if (event.type === 'text') texts.push(event.text);
    if (event.type !== 'tool_output' && event.type !== 'tool_result') continue;
    if (event.callId !== callId) chunks = [];
    callId = event.callId;
    if (event.type === 'tool_output') chunks.push(event.chunk);
    // The result repeats what the chunks said, where there were any.
    else if (chunks.length === 0) chunks.push(event.output);
  }
  const output = texts.length > 0 ? texts.join('\n') : chunks.join('');
  return output === '' ? null : cutMiddle(output, LIMITS.stdoutBytes);
}
