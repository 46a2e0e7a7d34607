// Reads a task every two seconds until nothing of it changes any more, and follows its events.
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useReducer, useState } from 'react';
import type { TaskEvent } from '../../../../../src/protocol/event.ts';
import { useSeed } from '../../../api/seed-context.ts';
import { useCommand } from '../../../api/use-command.ts';
import { useStream } from '../../../api/use-stream.ts';
import { EMPTY_TRANSCRIPT, withEvents } from './conversation/transcript.ts';
import { useGathered } from './use-gathered.ts';

const REFRESH_MS = 2_000;
/** What its sandbox used is known a moment after the end. */
const LAST_CHANGES_MS = 15_000;

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
  });
  const stream = useStream('tasks events', may('tasks events') && task ? { id } : null, gather);
  return { task, error: read.error, retry: () => void read.refetch(), transcript, stream };
}
