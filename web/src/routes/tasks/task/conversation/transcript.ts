// A task's events as what a person reads: a tool's call with all that it printed and its result is one entry.
import type { TaskEvent } from '../../../../../../src/protocol/event.ts';

type EventOf<Type extends TaskEvent['type']> = Extract<TaskEvent, { type: Type }>;

export interface ToolCallEntry {
  type: 'tool_call';
  seq: number;
  at: string;
  callId: string;
  tool: string;
  input: Record<string, unknown>;
  output: string;
  /** When its result came; null: it runs, or the task ended before. */
  endedAt: string | null;
  isError: boolean;
}

export type Entry =
  | ToolCallEntry
  | EventOf<'text'>
  | EventOf<'command'>
  | EventOf<'diagnostic'>
  | EventOf<'status'>;

export interface Transcript {
  entries: readonly Entry[];
  /** The sequence number of the last event. */
  lastSeq: number;
}

export const EMPTY_TRANSCRIPT: Transcript = { entries: [], lastSeq: 0 };

/** Events that are in it already change nothing. */
export function withEvents(transcript: Transcript, events: readonly TaskEvent[]): Transcript {
  const entries = [...transcript.entries];
  let { lastSeq } = transcript;
  for (const event of events) {
    if (event.seq <= lastSeq) continue;
    lastSeq = event.seq;
    take(entries, event);
  }
  return lastSeq === transcript.lastSeq ? transcript : { entries, lastSeq };
}

function take(entries: Entry[], event: TaskEvent): void {
  switch (event.type) {
    case 'tool_call':
      entries.push(newCall(event));
      return;
    case 'tool_output':
      changeCall(entries, event, ({ output }) => ({ output: output + event.chunk }));
      return;
    case 'tool_result':
      changeCall(entries, event, ({ output }) => ({
        // It repeats what was printed, where anything was.
        output: output === '' ? event.output : output,
        isError: event.isError,
        endedAt: event.at,
      }));
      return;
    default:
      entries.push(event);
  }
}

function newCall({ seq, at, callId, tool, input }: Omit<EventOf<'tool_call'>, 'type'>): ToolCallEntry {
  return { type: 'tool_call', seq, at, callId, tool, input, output: '', endedAt: null, isError: false };
}

/** The call may be missing: events of long ago are dropped by the day. */
function changeCall(
  entries: Entry[],
  { seq, at, callId }: EventOf<'tool_output' | 'tool_result'>,
  change: (call: ToolCallEntry) => Partial<ToolCallEntry>,
): void {
  let place = entries.findLastIndex((entry) => entry.type === 'tool_call' && entry.callId === callId);
  if (place < 0) place = entries.push(newCall({ seq, at, callId, tool: 'tool', input: {} })) - 1;
  const call = entries[place] as ToolCallEntry;
  entries[place] = { ...call, ...change(call) };
}
