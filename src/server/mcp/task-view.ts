// A task in words, for the text of a tool's result.
import type { CallToolResult } from '@modelcontextprotocol/server';
import { isTerminal } from '../../protocol/statuses.ts';
import type { Task } from '../../protocol/task.ts';
import { toolResult } from './tool-result.ts';

export function hasEnded({ status }: Task): boolean {
  return isTerminal(status);
}

/** The task as the result of runTask: an error when it ended in another way than completed. */
export function taskResult(task: Task): CallToolResult {
  const result = toolResult({ task }, taskText(task));
  return hasEnded(task) && task.status !== 'completed' ? { ...result, isError: true } : result;
}

/** One line and, once it has ended, what its agent said. */
export function taskText(task: Task): string {
  const line = `Task ${task.id} ${taskState(task)}.`;
  if (!hasEnded(task)) return `${line} ${howToGoOn(task.id)}`;
  const title = task.status === 'completed' ? '' : 'Output so far:\n';
  return task.stdout ? `${line}\n\n${title}${task.stdout}` : line;
}

/** `is running (working)` */
export function taskState(task: Task): string {
  const { status, phase, statusNote, error } = task;
  const words = status.replaceAll('_', ' ');
  if (error) return `${words}: ${error.code}, ${error.message}`;
  if (hasEnded(task)) return words;
  const why = phase ?? statusNote;
  return `is ${words}${why === null ? '' : ` (${why})`}`;
}

function howToGoOn(id: string): string {
  return `It goes on by itself. To wait for its end call getTask with {"id":"${id}","wait":50}; getTaskEvents shows what it does, stopTask ends it.`;
}
