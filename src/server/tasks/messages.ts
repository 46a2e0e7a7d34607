// Messages to a task that has not ended: kept as its events, read by its agent at its next turn. Called by
// follow-up-commands.ts, and by the runners' routes for a guest.
import { sql } from 'kysely';
import type { Call } from '../../command/call.ts';
import { timeIn } from '../../db/database-clock.ts';
import type { Db, TaskRow } from '../../db/tables.ts';
import { type TaskSpan, writtenFor } from '../../db/task-conditions.ts';
import { notify } from '../../db/telling.ts';
import { inTransaction } from '../../db/transaction.ts';
import { SeedError } from '../../protocol/errors.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { isTerminal } from '../../protocol/statuses.ts';
import type { TaskMessage } from '../../protocol/task.ts';
import { taskOf } from '../access/lineage.ts';
import { appendEvents } from './events.ts';
import { isTaskBelow, lockTask, noSuchTask } from './rows.ts';

/** @throws SeedError not_found, not_allowed, conflict when it has ended or was sent too many */
export async function sendMessage(
  { actor, store, creationId }: Call,
  { id, text }: { id: string; text: string },
): Promise<TaskMessage> {
  return inTransaction(store.db, async (tx) => {
    const own = taskOf(actor.lineage);
    const task = await lockTask(tx, id);
    if (task?.account_id !== actor.accountId) throw noSuchTask(id);
    if (own !== null && !(await isTaskBelow(tx, id, own)))
      throw new SeedError('not_allowed', 'an agent sends messages to tasks that it has started, and to no others');
    refuseLate(task);
    const now = await timeIn(store, tx);
    const event = { type: 'message', messageId: creationId, text, keyId: actor.key.id } as const;
    await appendEvents(tx, task, [event], now);
    await tx
      .updateTable('tasks')
      .set({ messages: task.messages + 1 })
      .where('id', '=', id)
      .execute();
    if (task.runner_id !== null) await notify(tx, `runner:${task.runner_id}`);
    return { id: creationId, taskId: id, text, createdAt: now.toISOString(), note: noteOn(task) };
  });
}

/** When its agent reads it; what it cannot promise it does not. */
function noteOn({ status, phase }: TaskRow): string {
  if (status === 'queued') return 'The task waits for a runner: its agent reads this when it has begun.';
  if (status === 'waiting_for_approval')
    return 'All that it does waits for people: its agent reads this once they have decided.';
  if (phase === 'finishing')
    return 'Its agent has said its last and does not read this; the one of a task that goes on from it does.';
  return `Its agent reads this at its next turn, once what it calls now has an answer. Should it be saying its last, the agent of a task that goes on from it reads it.`;
}

function refuseLate({ id, status, messages }: TaskRow): void {
  if (isTerminal(status))
    throw new SeedError('conflict', `the task ${id} has ended: nobody reads messages to it any more`, {
      hint: `Go on from it with a new task: seed tasks continue ${id}`,
    });
  if (messages >= LIMITS.messagesPerTask)
    throw new SeedError('conflict', `the task ${id} was sent ${messages} messages, and takes no more`, {
      hint: `Stop it, or wait for its end and go on from it: seed tasks continue ${id}`,
    });
}

/** So many are read together: the rest is asked for again. */
const TOGETHER = 10;

/** The texts of those behind the first `after`, in their order, some of them. */
export async function readMessages(db: Db, task: TaskSpan, after: number): Promise<string[]> {
  const { rows } = await sql<{ text: string }>`
    select body->>'text' as text from events where ${writtenFor(task)} and body->>'type' = 'message'
    order by seq offset ${after} limit ${TOGETHER}`.execute(db);
  return rows.map(({ text }) => text);
}
