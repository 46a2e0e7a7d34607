// Makes of whatever the agent's side reports an event that can be kept: cut where it must be, never refused, or
// whoever makes an id or an input odd enough would hide what an agent ran. Called by the guest before it sends an
// event, and by the runner and the server for what they are sent.
import { createHash } from 'node:crypto';
import type { AgentEvent } from '../protocol/event.ts';
import { CALL_ID_LENGTH, TOOL_NAME_LENGTH } from '../protocol/event-lengths.ts';
import { LIMITS } from '../protocol/limits.ts';
import { cutMiddle } from '../protocol/text.ts';
import { isDeeperThan, isRecord, parseJson } from './json.ts';

/**
 * Pure. An event that is fine comes back as it is; a value that is no event becomes a diagnostic that shows it.
 * @param maxBytes of its JSON, at least a thousand
 */
export function keptEvent(value: unknown, maxBytes: number = LIMITS.eventBytes): AgentEvent {
  const event = shaped(value);
  let fitted = event;
  for (let textBytes = maxBytes; jsonBytes(fitted) > maxBytes && textBytes > 64; textBytes >>= 1) {
    const { type: _, callId: __, tool: ___, ...texts } = event as AgentEvent & { callId?: string; tool?: string };
    fitted = { ...event, ...(cutTexts(texts, textBytes) as typeof texts) } as AgentEvent;
  }
  if (jsonBytes(fitted) <= maxBytes) return fitted;
  // Many small values: only a tool's input can be like that.
  if (event.type !== 'tool_call') return fitted;
  return { ...event, input: { cut: `${jsonBytes(event.input)} bytes of input not shown` } };
}

/** @param line of NDJSON; what is no JSON is shown as the text it is */
export function keptLine(line: string): AgentEvent {
  return keptEvent(parseJson(line) ?? line);
}

/** An id or a name that is too long, or that not every store takes: shortened so that two of them stay apart. */
export function shortName(value: unknown, maxLength: number): string {
  const name = typeof value === 'string' ? value : (JSON.stringify(atDepth(value, 3)) ?? '');
  if (name.length <= maxLength && name.isWellFormed() && !name.includes('\0')) return name;
  const hash = createHash('sha256').update(Buffer.from(name, 'utf16le')).digest('hex').slice(0, 32);
  const start = name
    .slice(0, maxLength - hash.length - 1)
    .replaceAll('\0', '')
    .toWellFormed();
  return `${start.slice(0, maxLength - hash.length - 1)}~${hash}`;
}

function shaped(value: unknown): AgentEvent {
  if (!isRecord(value)) return strange(value);
  const callId = () => shortName(value['callId'], CALL_ID_LENGTH);
  switch (value['type']) {
    case 'text':
    case 'diagnostic':
      return isFine(value, ['text']) ? (value as AgentEvent) : { type: value['type'], text: shown(value['text']) };
    case 'summary': {
      const keeps = Number(value['keeps']);
      const isCount = Number.isSafeInteger(keeps) && keeps >= 0;
      return { type: 'summary', text: shown(value['text']), keeps: isCount ? keeps : 0 };
    }
    case 'tool_call': {
      const input = inputOf(value['input']);
      const tool = shortName(value['tool'], TOOL_NAME_LENGTH);
      if (input === value['input'] && isFine(value, ['callId', 'tool', 'input'], { callId: callId(), tool }))
        return value as AgentEvent;
      return { type: 'tool_call', callId: callId(), tool, input };
    }
    case 'tool_output':
      if (isFine(value, ['callId', 'chunk'], { callId: callId() })) return value as AgentEvent;
      return { type: 'tool_output', callId: callId(), chunk: shown(value['chunk']) };
    case 'tool_result':
      if (isFine(value, ['callId', 'output', 'isError'], { callId: callId() })) return value as AgentEvent;
      return {
        type: 'tool_result',
        callId: callId(),
        output: shown(value['output']),
        isError: value['isError'] !== false,
      };
    default:
      return strange(value);
  }
}

/** Whether it has these fields and no others, of the right types, and names that need not be shortened. */
function isFine(
  event: Record<string, unknown>,
  fields: readonly string[],
  names: Record<string, string> = {},
): boolean {
  if (Object.keys(event).length !== fields.length + 1) return false;
  return fields.every((field) => {
    if (field === 'input') return isRecord(event['input']);
    if (field === 'isError') return typeof event['isError'] === 'boolean';
    return typeof event[field] === 'string' && (names[field] ?? event[field]) === event[field];
  });
}

function strange(value: unknown): AgentEvent {
  return { type: 'diagnostic', text: `What the agent's side reported is no event: ${shown(value)}` };
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(atDepth(value, LIMITS.inputDepth)) ?? '');
}

/** Stays the same object where nothing has to go. */
function inputOf(value: unknown): Record<string, unknown> {
  const input = isDeeperThan(LIMITS.inputDepth, value) ? atDepth(value, LIMITS.inputDepth) : value;
  return isRecord(input) ? input : { value: input ?? null };
}

/** What lies deeper could exhaust the stack of whoever reads it, the database's too. */
function atDepth(value: unknown, levels: number): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (levels === 0) return '[… nested too deep …]';
  if (Array.isArray(value)) return value.map((item) => atDepth(item, levels - 1));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, atDepth(item, levels - 1)]));
}

const jsonBytes = (value: unknown) => Buffer.byteLength(JSON.stringify(value));

function cutTexts(value: unknown, textBytes: number): unknown {
  if (typeof value === 'string') return cutMiddle(value, textBytes);
  if (Array.isArray(value)) return value.map((item) => cutTexts(item, textBytes));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, cutTexts(item, textBytes)]));
}
