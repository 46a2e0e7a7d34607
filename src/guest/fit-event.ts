// Makes an event fit the wire: its JSON may have LIMITS.eventBytes bytes, and control characters take six each.
import { cutMiddle } from '../protocol/cut-text.ts';
import type { AgentEvent } from '../protocol/event.ts';

const jsonBytes = (value: unknown) => Buffer.byteLength(JSON.stringify(value));

/** Returns the event with its texts cut in the middle as far as needed for at most `maxBytes` bytes of JSON. */
export function fitEvent(event: AgentEvent, maxBytes: number): AgentEvent {
  let fitted = event;
  for (
    let textBytes = maxBytes;
    jsonBytes(fitted) > maxBytes && textBytes > 64;
    textBytes = Math.floor(textBytes / 2)
  ) {
    fitted = cutTexts(event, textBytes) as AgentEvent;
  }
  if (jsonBytes(fitted) <= maxBytes) return fitted;
  // Many small values: only a tool's input can be like that.
  return event.type === 'tool_call'
    ? { ...event, input: { cut: `${jsonBytes(event.input)} bytes of input not shown` } }
    : fitted;
}

function cutTexts(value: unknown, textBytes: number): unknown {
  if (typeof value === 'string') return cutMiddle(value, textBytes);
  if (Array.isArray(value)) return value.map((item) => cutTexts(item, textBytes));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, cutTexts(item, textBytes)]));
}
