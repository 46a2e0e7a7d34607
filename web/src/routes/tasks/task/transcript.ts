// A task's events as a person reads them: a tool's call, its output and its result are one entry.
import type { TaskEvent } from '../../../../../src/protocol/event.ts';
import type { Task } from '../../../../../src/protocol/task.ts';

export type EventOf<Type extends TaskEvent['type']> = Extract<TaskEvent, { type: Type }>;

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
  /** The model had written it as text. */
  recovered: boolean;
}

export type Entry =
  | ToolCallEntry
  | EventOf<'text'>
  | EventOf<'command'>
  | EventOf<'approval'>
  | EventOf<'diagnostic'>
  | EventOf<'message'>
  | EventOf<'status'>;

export interface Transcript {
  entries: readonly Entry[];
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
    case 'summary':
      // A diagnostic says that there is one; it is for the agent to read.
      return;
    default:
      entries.push(event);
  }
}

function newCall({ recovered, ...call }: Omit<EventOf<'tool_call'>, 'type'>): ToolCallEntry {
  const { seq, at, callId, tool, input } = call;
  return {
    type: 'tool_call',
    seq,
    at,
    callId,
    tool,
    input,
    output: '',
    endedAt: null,
    isError: false,
    recovered: recovered === true,
  };
}

/** The call may be missing: events of long ago are dropped by the day. */
function changeCall(
  entries: Entry[],
  { seq, at, callId }: EventOf<'tool_output' | 'tool_result'>,
  change: (call: ToolCallEntry) => Partial<ToolCallEntry>,
): void {
  let index = entries.findLastIndex((entry) => entry.type === 'tool_call' && entry.callId === callId);
  if (index < 0) index = entries.push(newCall({ seq, at, callId, tool: 'tool', input: {} })) - 1;
  const call = entries[index] as ToolCallEntry;
  entries[index] = { ...call, ...change(call) };
}

export type Row = { key: string | number } /** `turn`: of a conversation of several, from 1 on. */ & (
  | { type: 'instruction' | 'answer' | 'value'; at: string; text: string; turn?: number }
  | { type: 'entry'; entry: Entry }
);

/** What the tasks before it were told and answered, the oldest first. */
function rowsBefore(before: readonly Task[]): Row[] {
  return before.flatMap(({ id, createdAt, completedAt, instruction, stdout }, index): Row[] => [
    { key: `${id} instruction`, type: 'instruction', at: createdAt, text: instruction, turn: index + 1 },
    ...(stdout === null || stdout.trim() === ''
      ? []
      : [
          {
            key: `${id} answer`,
            type: 'answer',
            at: completedAt ?? createdAt,
            text: stdout,
            turn: index + 1,
          } as const,
        ]),
  ]);
}

/**
 * The rows of the conversation: what was said in the tasks before, then the instruction, the entries, the
 * answer where no event has said it, and the answer as a value where there is one.
 */
export function conversationRows(task: Task, { entries }: Transcript, before: readonly Task[] = []): Row[] {
  const { stdout, completedAt, status } = task;
  const last = entries.findLastIndex(({ type }) => type === 'text');
  const lastText = entries[last];
  const said = lastText?.type === 'text' && lastText.text.trim() === stdout?.trim();
  const isAnswered = status === 'completed' && completedAt !== null && stdout !== null && stdout.trim() !== '';
  const rows: Row[] = [
    ...rowsBefore(before),
    { key: 'instruction', type: 'instruction', at: task.createdAt, text: task.instruction },
  ];
  for (const [index, entry] of entries.entries()) {
    // The text that is the answer looks like it.
    if (isAnswered && said && index === last && entry.type === 'text')
      rows.push({ key: entry.seq, type: 'answer', at: entry.at, text: entry.text });
    else rows.push({ key: entry.seq, type: 'entry', entry });
  }
  if (isAnswered && !said) rows.push({ key: 'answer', type: 'answer', at: completedAt, text: stdout });
  if (task.output !== null && completedAt !== null)
    rows.push({ key: 'value', type: 'value', at: completedAt, text: JSON.stringify(task.output, null, 2) });
  return rows;
}
