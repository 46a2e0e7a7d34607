// A task's events: appended while the task lives, numbered without gaps, read by whoever follows it.
import { notified } from '../../db/signals.ts';
import { storableJson } from '../../db/storable.ts';
import type { Store } from '../../db/store.ts';
import type { Db, TaskRow, Tx } from '../../db/tables.ts';
import { type TaskSpan, writtenFor } from '../../db/task-conditions.ts';
import { inTransaction } from '../../db/transaction.ts';
import type { AgentEvent, ServerEvent, TaskEvent } from '../../protocol/event.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { isTerminal } from '../../protocol/statuses.ts';
import { type LeasedTaskId, lockLeasedTask, lockTask } from './rows.ts';

/** One statement with more rows than this would meet Postgres's limit of parameters. */
const ROWS_PER_INSERT = 1_000;

const DROPPED: AgentEvent = {
  type: 'diagnostic',
  text: `This task has more than ${LIMITS.eventsPerTask} events; later ones are not kept.`,
};

export interface AgentEventBatch extends LeasedTaskId {
  /** Its number within the lease. One that was stored already is left out: its answer was lost on the way. */
  batch: number;
  events: readonly AgentEvent[];
}

/**
 * Appends what the agent did. Past LIMITS.eventsPerTask events are dropped, and one last event says so. Throws
 * SeedError `lease_lost` when the task does not run under this lease any more.
 */
export async function appendAgentEvents(
  store: Pick<Store, 'db' | 'clock'>,
  { batch, events, ...lease }: AgentEventBatch,
): Promise<void> {
  await store.db.transaction().execute(async (tx) => {
    const task = await lockLeasedTask(tx, lease);
    if (batch <= task.event_batch) return;
    await tx.updateTable('tasks').set({ event_batch: batch }).where('id', '=', task.id).execute();
    await appendWithinLimit(tx, task, events, store.clock.now());
  });
}

/** What the server says of a task in passing is told as its agent's runtime would. */
type ToldEvent = ServerEvent | Extract<AgentEvent, { type: 'diagnostic' }>;

/** Appends what the server records about a task, unless that has ended; in the transaction, where `db` is one. */
export async function appendServerEvent(
  db: Db,
  taskId: string,
  event: ToldEvent,
  now: Date = new Date(),
): Promise<void> {
  await inTransaction(db, async (tx) => {
    const task = await lockTask(tx, taskId);
    if (task && !isTerminal(task.status)) await appendWithinLimit(tx, task, [event], now);
  });
}

/** Events after `afterSeq`, oldest first, at most `limit`. */
export async function readEvents(db: Db, task: TaskSpan, afterSeq: number, limit: number): Promise<TaskEvent[]> {
  const rows = await db
    .selectFrom('events')
    .select(['seq', 'created_at', 'body'])
    .where(writtenFor(task))
    .where('seq', '>', afterSeq)
    .orderBy('seq')
    .limit(limit)
    .execute();
  return rows.map(({ seq, created_at, body }) => ({ ...body, seq, at: created_at.toISOString() }));
}

/** Appends to a task whose row the transaction has locked, whatever its number of events. */
export async function appendEvents(
  tx: Tx,
  task: Pick<TaskRow, 'id' | 'last_seq' | 'created_at'>,
  events: readonly (AgentEvent | ServerEvent)[],
  now: Date,
): Promise<void> {
  // Whatever this server's clock says, no event is older than its task.
  const at = now < task.created_at ? task.created_at : now;
  const rows = events.map((event, index) => ({
    task_id: task.id,
    seq: task.last_seq + 1 + index,
    created_at: at,
    body: storableJson(event),
  }));
  for (let start = 0; start < rows.length; start += ROWS_PER_INSERT) {
    const some = rows.slice(start, start + ROWS_PER_INSERT);
    // One statement: every task waits for some of these.
    await tx
      .with('counted', (counting) =>
        counting
          .updateTable('tasks')
          .set({ last_seq: task.last_seq + start + some.length })
          .where('id', '=', task.id)
          .returning(notified(`task:${task.id}`)),
      )
      .insertInto('events')
      .values(some)
      .execute();
  }
}

async function appendWithinLimit(
  tx: Tx,
  task: TaskRow,
  events: readonly (AgentEvent | ServerEvent)[],
  now: Date,
): Promise<void> {
  const room = Math.max(0, LIMITS.eventsPerTask - task.last_seq);
  if (events.length <= room) return appendEvents(tx, task, events, now);
  if (task.events_dropped) return;
  await appendEvents(tx, task, [...events.slice(0, room), DROPPED], now);
  await tx.updateTable('tasks').set({ events_dropped: true }).where('id', '=', task.id).execute();
}
