// The task that is looked at, for its header and its views: the object, and the conversation as it comes.
import { createContext, useContext } from 'react';
import type { Task } from '../../../../../src/protocol/task.ts';
import type { StreamState } from '../../../api/use-stream.ts';
import type { Transcript } from './conversation/transcript.ts';

interface OpenTask {
  task: Task;
  transcript: Transcript;
  stream: StreamState;
}

export const TaskContext = createContext<OpenTask | null>(null);

export function useTask(): OpenTask {
  const open = useContext(TaskContext);
  if (!open) throw new Error('useTask stands outside the page of a task');
  return open;
}
