// A task's events as they come, from any point, to the end.

import type { TaskEvent } from '../../protocol/event.ts';
import { isTerminal } from '../../protocol/statuses.ts';
import type { Task } from '../../protocol/task.ts';
import { inPlace } from '../http/stream-slots.ts';
import type { ServerParts } from '../parts.ts';
import { readEvents } from './events.ts';
import { getTaskProgress } from './tasks.ts';

const BATCH = 200;
/** A look at the table even without a notification, should one have been lost with a connection. */
const LOOK_AGAIN_MS = 5_000;

interface WatchOptions {
  /** Whose places it counts among: the reader's key. */
  keyId: string;
  /** Events with a greater seq. */
  after: number;
  /** Ends with what is there. */
  onlyPast: boolean;
  signal: AbortSignal;
}

/**
 * The events with seq > after, in order; ends after the terminal one, or when the signal aborts.
 * @throws SeedError too_many_requests
 */
export function watchTask(
  parts: ServerParts,
  task: Task,
  options: WatchOptions,
): AsyncIterableIterator<TaskEvent> {
  return inPlace(options.keyId, follow(parts, task, options), options.signal);
}

async function* follow(
  { store }: ServerParts,
  task: Task,
  { after, onlyPast, signal }: WatchOptions,
): AsyncGenerator<TaskEvent> {
  using changes = store.signals.subscribe(`task:${task.id}`);
  let seq = after;
  while (!signal.aborted) {
    const progress = await getTaskProgress(store.db, task.id);
    const events = await readEvents(store.db, progress, seq, BATCH);
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
    // The status was read before the events: when it is terminal, the terminal event was among what could be read.
    if (events.length < BATCH && (onlyPast || isTerminal(progress.status))) return;
    if (events.length === 0) await changes.next(LOOK_AGAIN_MS, signal);
  }
}

/** Stands in for events that are not kept any more; a reader goes on behind them. */
function sayDeleted(task: Task, from: number, to: number): TaskEvent {
  const which = from === to ? `Event ${to} of this task is` : `Events ${from} to ${to} of this task are`;
  const text = `${which} older than what this server keeps, and deleted.`;
  return { type: 'diagnostic', text, seq: to, at: task.createdAt };
}
