// The events of an agent as they come from its sandbox: NDJSON, of which nothing is believed that the server knows
// better. Used by the routes of runners and by the door.
import { keptLine } from '../../lib/kept-event.ts';
import { type AgentEvent, RECOVERED_ID_START } from '../../protocol/event.ts';

/** One for each line, whatever it holds. */
export function agentEventsIn(ndjson: string): AgentEvent[] {
  return ndjson
    .split('\n')
    .filter((line) => line !== '')
    .map(readEvent);
}

/** Which calls were recovered from text the server tells by their ids, and believes nobody. */
function readEvent(line: string): AgentEvent {
  const event = keptLine(line);
  if (event.type !== 'tool_call') return event;
  const { recovered: _, ...call } = event;
  return event.callId.startsWith(RECOVERED_ID_START) ? { ...call, recovered: true } : call;
}
