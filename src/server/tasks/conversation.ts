// What was said in a conversation, read out of the events of its tasks: nothing else is kept of it, so that a task
// that nobody goes on from costs nothing more. Called by continue.ts, and by the runners' routes for a guest.
import { sql } from 'kysely';
import type { Db, TaskRow } from '../../db/tables.ts';
import { writtenFor } from '../../db/task-conditions.ts';
import type { Conversation, ConversationEntry } from '../../protocol/conversation.ts';
import type { TaskEvent } from '../../protocol/event.ts';
import { LIMITS } from '../../protocol/limits.ts';

type ChainedTask = Pick<TaskRow, 'id' | 'instruction' | 'created_at' | 'completed_at'> & { kept: boolean };

/** The task and those before it, the newest first, each with whether its events are still there. */
export async function conversationTasks(db: Db, taskId: string): Promise<ChainedTask[]> {
  const { rows } = await sql<ChainedTask>`
    with recursive chain as (
      select id, continues, instruction, created_at, completed_at, 1 as place from tasks where id = ${taskId}
      union all
      select tasks.id, tasks.continues, tasks.instruction, tasks.created_at, tasks.completed_at, place + 1
      from chain join tasks on tasks.id = chain.continues
      where place < ${LIMITS.conversationTasks}
    )
    select id, instruction, created_at, completed_at, exists (
      select from events where task_id = chain.id and seq = 1
        and created_at >= chain.created_at - interval '1 hour' and created_at < chain.created_at + interval '1 hour'
    ) as kept
    from chain order by place`.execute(db);
  return rows;
}

/** What the task and those before it said, as much of it as LIMITS.conversationBytes allow: the newest. */
export async function readConversation(db: Db, taskId: string): Promise<Conversation> {
  const tasks = await conversationTasks(db, taskId);
  const last = tasks.at(-1);
  let entries: ConversationEntry[] = [];
  let isCut = tasks.length === LIMITS.conversationTasks;
  let bytes = 0;
  for (const task of tasks) {
    const said = task.kept ? await saidIn(db, task, LIMITS.conversationBytes - bytes) : null;
    entries = [...(said?.entries ?? []), ...entries];
    bytes += said?.bytes ?? 0;
    const summarised = fromSummary(entries, task === last);
    if (summarised !== null) return { entries: summarised, isCut: false };
    if (said === null || said.isCut) {
      isCut = true;
      break;
    }
  }
  return { entries: entries.filter(({ type }) => type !== 'summary'), isCut };
}

/** Null: there is no summary, or it keeps more than is read by now. @param isAll whether nothing is before */
function fromSummary(entries: readonly ConversationEntry[], isAll: boolean): ConversationEntry[] | null {
  const at = entries.findLastIndex(({ type }) => type === 'summary');
  const summary = entries[at];
  if (summary?.type !== 'summary') return null;
  const before = entries.slice(0, at).filter(({ type }) => type !== 'summary');
  if (before.length < summary.keeps && !isAll) return null;
  const kept = summary.keeps === 0 ? [] : before.slice(-summary.keeps);
  return [{ ...summary, keeps: kept.length }, ...kept, ...entries.slice(at + 1)];
}

const SAID = sql`body->>'type' in ('text', 'tool_call', 'tool_result', 'message', 'summary')`;

async function saidIn(db: Db, task: ChainedTask, mostBytes: number) {
  const { rows } = await sql<{ body: TaskEvent; bytes: number; all: number }>`
    select body, bytes, "all" from (
      select body, seq, sum(octet_length(body::text)) over (order by seq desc) as bytes, count(*) over () as "all"
      from events where ${writtenFor(task)} and ${SAID}
    ) as said where bytes <= ${mostBytes} order by seq`.execute(db);
  const isCut = rows.length < (rows[0]?.all ?? 0);
  const told = rows.flatMap(({ body }) => entryOf(body) ?? []);
  const first: ConversationEntry = { type: 'user', text: task.instruction };
  const bytes = Number(rows[0]?.bytes ?? 0) + Buffer.byteLength(task.instruction);
  return { entries: isCut ? told : [first, ...told], bytes, isCut };
}

function entryOf(event: TaskEvent): ConversationEntry | null {
  switch (event.type) {
    case 'text':
      return { type: 'text', text: event.text };
    case 'tool_call':
      return { type: 'tool_call', callId: event.callId, tool: event.tool, input: event.input };
    case 'tool_result': {
      const { callId, output, isError } = event;
      return { type: 'tool_result', callId, output, isError };
    }
    case 'message':
      return { type: 'user', text: event.text };
    case 'summary':
      return { type: 'summary', text: event.text, keeps: event.keeps };
    default:
      return null;
  }
}
