// What a task that ended without an answer has to show: used for the stdout of such tasks. What a tool printed is
// never taken for an answer: it is shown only of tasks that were not let come to one.
import { sql } from 'kysely';
import type { Db } from '../../db/tables.ts';
import { type TaskSpan, writtenFor } from '../../db/task-conditions.ts';
import type { AgentEvent, ServerEvent } from '../../protocol/event.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { cutMiddle } from '../../protocol/text.ts';

const OF_TOOLS = sql`body->>'type' in ('tool_output', 'tool_result')`;

/** The agent's texts so far, of any number of events: no more of them are loaded than will be shown. */
export async function readTextsSoFar(db: Db, task: TaskSpan): Promise<string | null> {
  return outputSoFar(await readEnds(db, task, sql`body->>'text'`, sql`body->>'type' = 'text'`));
}

/** Those, or else what the last tool has printed. */
export async function readOutputSoFar(db: Db, task: TaskSpan): Promise<string | null> {
  const texts = await readTextsSoFar(db, task);
  if (texts !== null) return texts;
  const { rows } = await sql<{ call_id: string }>`
    select body->>'callId' as call_id from events where ${writtenFor(task)} and ${OF_TOOLS}
    order by seq desc limit 1`.execute(db);
  if (!rows[0]) return null;
  const printed = sql`coalesce(body->>'chunk', body->>'output')`;
  const ofLast = sql`body->>'callId' = ${rows[0].call_id} and ${OF_TOOLS}`;
  return outputSoFar(await readEnds(db, task, printed, ofLast));
}

/** The agent's texts, else what its last tool has printed, cut in the middle to LIMITS.stdoutBytes; else null. */
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

/** The matching events but those of the middle that LIMITS.stdoutBytes has no room for. */
async function readEnds(
  db: Db,
  task: TaskSpan,
  text: ReturnType<typeof sql>,
  condition: ReturnType<typeof sql>,
): Promise<(AgentEvent | ServerEvent)[]> {
  const { rows } = await sql<{ body: AgentEvent | ServerEvent }>`
    select events.body from (
      select seq,
        sum(bytes) over (order by seq) - bytes as bytes_before,
        sum(bytes) over (order by seq desc) - bytes as bytes_after
      from (
        select seq, octet_length(${text}) as bytes from events where ${writtenFor(task)} and ${condition}
      ) as sizes
    ) as sized join events on events.seq = sized.seq and ${writtenFor(task)}
    where bytes_before < ${LIMITS.stdoutBytes} or bytes_after < ${LIMITS.stdoutBytes}
    order by events.seq`.execute(db);
  return rows.map(({ body }) => body);
}
