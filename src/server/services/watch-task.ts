// A task's events as they come, from any point, to the end.
import { isTerminal } from '../../core/lifecycle.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { TaskEvent } from '../../protocol/event.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { Task } from '../../protocol/task.ts';
import { readEvents } from '../../store/events.ts';
import { getTaskStatus } from '../../store/tasks.ts';
import type { ServerParts } from '../parts.ts';

const BATCH = 200;
/** A look at the table even without a notification, should one have been lost with a connection. */
const LOOK_AGAIN_MS = 5_000;

interface WatchOptions {
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
export function watchTask(parts: ServerParts, task: Task, options: WatchOptions): AsyncGenerator<TaskEvent> {
  refuseCrowd(task.keyId);
  return follow(parts, task, options);
}

async function* follow(
  { store }: ServerParts,
  task: Task,
  { after, onlyPast, signal }: WatchOptions,
): AsyncGenerator<TaskEvent> {
  using _place = takePlace(task.keyId);
  using changes = store.signals.subscribe(`task:${task.id}`);
  let seq = after;
  while (!signal.aborted) {
    const status = await getTaskStatus(store.db, task.id);
    const events = await readEvents(store.db, task.id, seq, BATCH);
    for (const event of events) {
      yield event;
      seq = event.seq;
    }
    // The status was read before the events: when it is terminal, the terminal event was among what could be read.
    if (events.length < BATCH && (onlyPast || isTerminal(status))) return;
    if (events.length === 0) await changes.next(LOOK_AGAIN_MS, signal);
  }
}

const openStreams = new Map<string, number>();

function refuseCrowd(keyId: string): void {
  const open = openStreams.get(keyId) ?? 0;
  if (open < LIMITS.eventStreamsPerKey) return;
  throw new SeedError('too_many_requests', `${open} event streams of the tasks of one key are open already`, {
    hint: 'Close some of them first.',
  });
}

function takePlace(keyId: string): Disposable {
  openStreams.set(keyId, (openStreams.get(keyId) ?? 0) + 1);
  return {
    [Symbol.dispose]() {
      const left = (openStreams.get(keyId) ?? 1) - 1;
      if (left > 0) openStreams.set(keyId, left);
      else openStreams.delete(keyId);
    },
  };
}
