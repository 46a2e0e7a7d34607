// A task's events: appended while the task lives, numbered without gaps, read by whoever follows it.
import { type RawBuilder, sql, type Updateable } from 'kysely';

import { storableJson } from '../../db/storable.ts';
import type { Store } from '../../db/store.ts';
import type { Db, Tables, TaskRow, Tx } from '../../db/tables.ts';
import { statusIn, type TaskSpan, writtenFor } from '../../db/task-conditions.ts';
import { notify } from '../../db/telling.ts';
import { inTransaction } from '../../db/transaction.ts';
import type { AgentEvent, ServerEvent, TaskEvent } from '../../protocol/event.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { isTerminal, LEASED, UNFINISHED } from '../../protocol/statuses.ts';
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
  given: AgentEventBatch,
): Promise<void> {
  const { batch, events, ...lease } = given;
  const isNext = sql<boolean>`lease_id = ${lease.leaseId} and ${statusIn(LEASED)} and event_batch < ${batch}`;
  const condition = { id: lease.taskId, where: isNext, more: { event_batch: batch } };
  if (await appendAtOnce(store.db, condition, events, store.clock.now())) return;
  await store.db.transaction().execute(async (tx) => {
    const task = await lockLeasedTask(tx, lease);
    if (batch <= task.event_batch) return;
    await tx.updateTable('tasks').set({ event_batch: batch }).where('id', '=', task.id).execute();
    await appendWithinLimit(tx, task, events, store.clock.now());
  });
}

interface Condition {
  /** Of the task. */
  id: string;
  where: RawBuilder<boolean>;
  /** Changed with it. */
  more?: Updateable<Tables['tasks']>;
}

/**
 * Appends in one statement, which most of what is written of tasks comes to. Returns false, with nothing done,
 * when it is not so simple: the condition does not hold, or the task would have more events than it may.
 */
async function appendAtOnce(
  db: Db,
  { id, where, more = {} }: Condition,
  events: readonly (AgentEvent | ServerEvent)[],
  now: Date,
): Promise<boolean> {
  const { length } = events;
  if (length === 0) return false;
  const { numInsertedOrUpdatedRows = 0n } = await db
    .with('task', (changing) =>
      changing
        .updateTable('tasks')
        .set(({ eb }) => ({ ...more, last_seq: eb('last_seq', '+', length) }))
        .where('id', '=', id)
        .where(where)
        .where('last_seq', '<=', LIMITS.eventsPerTask - length)
        .returning(({ eb }) => ['id', 'created_at', eb('last_seq', '-', length).as('before')]),
    )
    .insertInto('events')
    .columns(['task_id', 'seq', 'created_at', 'body'])
    .expression(
      sql`select id, before + number, greatest(created_at, ${now}), body
        from task, unnest(${events.map((event) => storableJson(event))}::jsonb[]) with ordinality as told (body, number)`,
    )
    .executeTakeFirstOrThrow();
  if (numInsertedOrUpdatedRows === 0n) return false;
  await notify(db, `task:${id}`);
  return true;
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
  const isAlive = { id: taskId, where: statusIn(UNFINISHED) };
  if (await appendAtOnce(db, isAlive, [event], now)) return;
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

type Locked = Pick<TaskRow, 'id' | 'last_seq' | 'created_at'>;

/**
 * Changes a task whose row the transaction has locked and appends the event that tells of it, in one statement.
 * Returns the row as it is then.
 */
export async function changeWithEvent(
  tx: Tx,
  task: Locked,
  columns: Updateable<Tables['tasks']>,
  event: ServerEvent,
  now: Date,
): Promise<TaskRow> {
  const changed = await tx
    .with('changed', (changing) =>
      changing
        .updateTable('tasks')
        .set({ ...columns, last_seq: task.last_seq + 1 })
        .where('id', '=', task.id)
        .returningAll(),
    )
    .with('told', (telling) => telling.insertInto('events').values(rowsOf(task, [event], now)))
    .selectFrom('changed')
    .selectAll()
    .executeTakeFirstOrThrow();
  await notify(tx, `task:${task.id}`);
  return changed;
}

function rowsOf({ id, last_seq, created_at }: Locked, events: readonly (AgentEvent | ServerEvent)[], now: Date) {
  // Whatever this server's clock says, no event is older than its task.
  const at = now < created_at ? created_at : now;
  return events.map((event, index) => ({
    task_id: id,
    seq: last_seq + 1 + index,
    created_at: at,
    body: storableJson(event),
  }));
}

/** Appends to a task whose row the transaction has locked, whatever its number of events. */
export async function appendEvents(
  tx: Tx,
  task: Locked,
  events: readonly (AgentEvent | ServerEvent)[],
  now: Date,
): Promise<void> {
  const rows = rowsOf(task, events, now);
  for (let start = 0; start < rows.length; start += ROWS_PER_INSERT) {
    const some = rows.slice(start, start + ROWS_PER_INSERT);
    // One statement: every task waits for some of these.
    await tx
      .with('counted', (counting) =>
        counting
          .updateTable('tasks')
          .set({ last_seq: task.last_seq + start + some.length })
          .where('id', '=', task.id),
      )
      .insertInto('events')
      .values(some)
      .execute();
  }
  if (rows.length > 0) await notify(tx, `task:${task.id}`);
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
