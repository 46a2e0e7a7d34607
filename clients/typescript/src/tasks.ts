// A task that was handed over: followed, waited for, stopped.
import { streamed } from './events.ts';
import type { Task, TaskEvent } from './generated/types.ts';
import { ask, type CallOptions, type Connection, type Exchange } from './http.ts';

/** A task whose answer is a value of that type, where its `output` has asked for one. */
export type TaskOf<Output> = Omit<Task, 'output'> & { output: Output | null };

/** The task as it was accepted, and what can be done with it. */
export type TaskRun<Output = Task['output']> = TaskOf<NonNullable<Output>> & {
  /** What it does, from its beginning to its end, also through cuts and restarts of the server. */
  events(options?: { after?: number; signal?: AbortSignal }): AsyncIterable<TaskEvent>;
  /** The task when it has ended, however it ended: its `status` tells. */
  result(options?: { signal?: AbortSignal }): Promise<TaskOf<NonNullable<Output>>>;
  stop(options?: CallOptions): Promise<Task>;
};

/** Behind every event that a task may have: nothing comes but the end. */
const PAST_ALL = 999_999_999;

export function taskRun(connection: Connection, task: Task): TaskRun {
  const path = `/tasks/${task.id}`;
  const read = async (exchange: Exchange) => ((await ask(connection, exchange)) as { task: Task }).task;
  return {
    ...task,
    events: ({ after = 0, signal } = {}) =>
      streamed<TaskEvent>(connection, {
        method: 'GET',
        path: `${path}/events?after=${after}`,
        ...(signal && { signal }),
      }),
    async result({ signal } = {}) {
      const options = signal && { signal };
      const end = { method: 'GET', path: `${path}/events?after=${PAST_ALL}`, ...options };
      for await (const _ of streamed(connection, end));
      return read({ method: 'GET', path, ...options });
    },
    stop: (options = {}) => read({ method: 'POST', path: `${path}/stop`, ...options }),
  };
}
