// The task that is looked at: the object, read until nothing of it changes, and the conversation as it comes.
import { useQueryClient } from '@tanstack/react-query';
import {
  createContext,
  type ReactNode,
  use,
  useEffect,
  useEffectEvent,
  useReducer,
  useRef,
  useState,
} from 'react';
import type { TaskEvent } from '../../../../../src/protocol/event.ts';
import type { Task } from '../../../../../src/protocol/task.ts';
import { type StreamState, useCommand, useSeed, useStream } from '../../../api/use-command.ts';
import { ScrollBox } from '../../../ui/table.tsx';
import { EMPTY_TRANSCRIPT, type Transcript, withEvents } from './transcript.ts';

interface OpenTask {
  task: Task;
  transcript: Transcript;
  stream: StreamState;
}

export const TaskContext = createContext<OpenTask | null>(null);

export function useTask(): OpenTask {
  const open = use(TaskContext);
  if (!open) throw new Error('useTask stands outside the page of a task');
  return open;
}

const REFRESH_MS = 2_000;
/** What its sandbox used is known a moment after the end. */
const LAST_CHANGES_MS = 15_000;

/** Reads a task every two seconds until nothing of it changes any more, and follows its events. */
export function useOpenTask(id: string) {
  const { may } = useSeed();
  const queryClient = useQueryClient();
  const [settled, setSettled] = useState(false);
  const read = useCommand('tasks get', { id }, settled ? {} : { refreshMs: REFRESH_MS });
  const task = read.data?.task;
  const completedAt = task?.completedAt ?? null;
  useEffect(() => {
    if (completedAt === null) return setSettled(false);
    const left = Date.parse(completedAt) + LAST_CHANGES_MS - Date.now();
    const timer = setTimeout(() => setSettled(true), Math.min(Math.max(left, 0), LAST_CHANGES_MS));
    return () => clearTimeout(timer);
  }, [completedAt]);

  const [transcript, take] = useReducer(withEvents, EMPTY_TRANSCRIPT);
  const gather = useGathered<TaskEvent>((events) => {
    take(events);
    // The header keeps step with the conversation.
    if (events.some(({ type }) => type === 'status')) {
      void queryClient.invalidateQueries({ queryKey: ['tasks get', { id }] });
    }
    if (events.some(isAboutApprovals)) void queryClient.invalidateQueries({ queryKey: ['approvals list'] });
  });
  const stream = useStream(
    'tasks events',
    may('tasks events') && task && task.forgottenAt === null ? { id } : null,
    gather,
  );
  return { task, error: read.error, retry: () => void read.refetch(), transcript, stream };
}

const ASKED = 202;

/** Whether something was asked just now, or the task began or ceased to wait. */
function isAboutApprovals(event: TaskEvent): boolean {
  return event.type === 'status' || (event.type === 'command' && event.status === ASKED);
}

const GATHER_MS = 100;

/** @returns a function that takes items; `onItems` gets them together a moment later */
function useGathered<Item>(onItems: (items: Item[]) => void): (items: readonly Item[]) => void {
  const waiting = useRef<Item[]>([]);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const give = useEffectEvent(onItems);
  const flush = useEffectEvent(() => {
    timer.current = undefined;
    const items = waiting.current;
    waiting.current = [];
    give(items);
  });
  useEffect(() => () => clearTimeout(timer.current), []);
  return (items) => {
    for (const item of items) waiting.current.push(item);
    timer.current ??= setTimeout(() => flush(), GATHER_MS);
  };
}

export function ViewFrame({ label, children }: { label: string; children: ReactNode }) {
  return (
    <ScrollBox label={label} className="h-full overflow-y-auto -outline-offset-2!">
      <div className="flex max-w-6xl flex-col gap-6 px-4 py-4 md:px-6">{children}</div>
    </ScrollBox>
  );
}
