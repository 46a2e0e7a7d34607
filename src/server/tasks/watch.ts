// Waits for what becomes of a task: its events as they come, from any point to the end, or its end alone.
import type { Call } from '../../command/call.ts';
import type { Store } from '../../db/store.ts';
import type { TaskEvent } from '../../protocol/event.ts';
import { isTerminal } from '../../protocol/statuses.ts';
import type { Task } from '../../protocol/task.ts';
import { type FindTask, knownTask } from './find.ts';
import { LOOK_MOST, type TaskLooks } from './looks.ts';

/** A look at the table even without a notification, should one have been lost with a connection. */
const LOOK_AGAIN_MS = 5_000;

interface WatchOptions {
  signals: Store['signals'];
  looks: TaskLooks;
  after: number;
  /** Ends with what is there. */
  onlyPast: boolean;
  signal: AbortSignal;
}

/** The events with seq > after, in order, to the terminal one or an abort. */
export async function* watchTask(
  task: Task,
  { signals, looks, after, onlyPast, signal }: WatchOptions,
): AsyncGenerator<TaskEvent> {
  using changes = signals.subscribe(`task:${task.id}`);
  using looker = looks.watch(task.id);
  let seq = after;
  while (!signal.aborted) {
    const { progress, events } = await looker.look(seq);
    // They are numbered without gaps: what is missing was there once.
    const deleted = (events[0]?.seq ?? progress.last_seq + 1) - 1;
    if (deleted > seq) {
      yield sayDeleted(task, seq + 1, deleted);
      seq = deleted;
    }
    for (const event of events) {
      yield event;
      seq = event.seq;
    }
    if (events.length === LOOK_MOST) continue;
    if (onlyPast || isTerminal(progress.status)) return;
    // What came since that look was notified since.
    await changes.next(LOOK_AGAIN_MS, signal);
  }
}

/** Stands in for events that are not kept any more; a reader goes on behind them. */
function sayDeleted(task: Task, from: number, to: number): TaskEvent {
  const which = from === to ? `Event ${to} of this task is` : `Events ${from} to ${to} of this task are`;
  const text = `${which} older than what this server keeps, and deleted.`;
  return { type: 'diagnostic', text, seq: to, at: task.createdAt };
}

/** The task when it has ended, or as it is when the caller has waited for as long as it wanted, or has gone. */
export async function waitForEnd(
  { actor, store, waitMs, waiting }: Call,
  find: FindTask,
  { id }: Task,
): Promise<Task> {
  const untilMs = performance.now() + waitMs;
  const gone = waiting();
  using changes = store.signals.subscribe(`task:${id}`);
  for (;;) {
    const task = await knownTask(find, actor.accountId, id);
    const leftMs = untilMs - performance.now();
    if (isTerminal(task.status) || leftMs <= 0 || gone.aborted) return task;
    await changes.next(Math.min(leftMs, LOOK_AGAIN_MS), gone);
  }
}
