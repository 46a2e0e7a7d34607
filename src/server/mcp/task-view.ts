// A task of Seed as MCP shows it: in words, for the text of a tool's result, and as a task of the Tasks extension,
// with the same id and asked of REST with the caller's key every time.
import { type CallToolResult, ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server';
import { SeedError } from '../../protocol/errors.ts';
import { isTerminal } from '../../protocol/statuses.ts';
import type { Task } from '../../protocol/task.ts';
import { allowedCommand, type Platform } from './platform.ts';
import type { CreateTaskResult, DetailedTask, ExtensionTask, TaskSource } from './tasks-extension.ts';
import { answerOf, errorText, toolResult } from './tool.ts';

const POLL_INTERVAL_MS = 1_000;

function hasEnded({ status }: Task): boolean {
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
  if (!hasEnded(task)) {
    return `${line} It goes on by itself. To wait for its end call getTask with {"id":"${task.id}","wait":50}; getTaskEvents shows what it does, stopTask ends it.`;
  }
  const title = task.status === 'completed' ? '' : 'Output so far:\n';
  return task.stdout ? `${line}\n\n${title}${task.stdout}` : line;
}

/** `is running (working)` */
function taskState(task: Task): string {
  const { status, phase, statusNote, error } = task;
  const words = status.replaceAll('_', ' ');
  if (error) return `${words}: ${error.code}, ${error.message}`;
  if (hasEnded(task)) return words;
  const why = phase ?? statusNote;
  return `is ${words}${why === null ? '' : ` (${why})`}`;
}

export function seedTasks(platform: Platform): TaskSource {
  async function ask(name: string, id: string, signal: AbortSignal): Promise<Task> {
    const command = allowedCommand(platform, name);
    if (!command) throw new ProtocolError(ProtocolErrorCode.InvalidRequest, `this key may not use "${name}"`);
    try {
      const { task } = await answerOf(await platform.call(command, { id }, { signal }));
      return task as Task;
    } catch (error) {
      throw error instanceof SeedError ? protocolError(error) : error;
    }
  }
  return {
    get: async (id, signal) => detailed(await ask('tasks get', id, signal)),
    // A task of Seed asks its client nothing, so there is nothing that an answer could belong to.
    update: async (id, _inputResponses, signal) => void (await ask('tasks get', id, signal)),
    cancel: async (id, signal) => void (await ask('tasks stop', id, signal)),
  };
}

/** The answer of a tool that has started this task. */
export function createTaskResult(task: Task): CreateTaskResult {
  return { resultType: 'task', ...extensionTask(task) };
}

function detailed(task: Task): DetailedTask {
  const view = extensionTask(task);
  if (view.status !== 'completed') return view;
  return { ...view, result: { resultType: 'complete', ...taskResult(task) } };
}

function extensionTask(task: Task): ExtensionTask {
  return {
    taskId: task.id,
    status: statusOf(task),
    statusMessage: taskState(task),
    createdAt: task.createdAt,
    lastUpdatedAt: task.completedAt ?? task.startedAt ?? task.createdAt,
    ttlMs: null,
    pollIntervalMs: POLL_INTERVAL_MS,
  };
}

/** `failed` is for errors of the protocol: what Seed calls failed is a completed task whose result is an error. */
function statusOf(task: Task): ExtensionTask['status'] {
  if (task.status === 'stopped') return 'cancelled';
  return hasEnded(task) ? 'completed' : 'working';
}

function protocolError(error: SeedError): ProtocolError {
  const isUnknown = ['not_found', 'invalid_input'].includes(error.code);
  const code = isUnknown ? ProtocolErrorCode.InvalidParams : ProtocolErrorCode.InternalError;
  return new ProtocolError(code, errorText(error), { code: error.code });
}
