// A task of Seed as MCP shows it: in words, for the text of a tool's result, and as a task of the Tasks extension,
// with the same id and asked of REST with the caller's key every time.
import { type CallToolResult, ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server';
import type { Approval } from '../../protocol/approval.ts';
import { SeedError } from '../../protocol/errors.ts';
import { isTerminal } from '../../protocol/statuses.ts';
import type { Task } from '../../protocol/task.ts';
import { decideAs, inputRequests, mayDecide, pendingOf, stateLine } from './decisions.ts';
import { allowedCommand, type Platform } from './platform.ts';
import type { CreateTaskResult, DetailedTask, ExtensionTask, TaskSource } from './tasks-extension.ts';
import { answerOf, errorText, toolResult } from './tool.ts';

const POLL_INTERVAL_MS = 1_000;

function hasEnded({ status }: Task): boolean {
  return isTerminal(status);
}

/** The task as the result of runTask: an error when it ended in another way than completed. */
export function taskResult(task: Task, pending: readonly Approval[] = []): CallToolResult {
  const result = toolResult({ task }, taskText(task, pending));
  return hasEnded(task) && task.status !== 'completed' ? { ...result, isError: true } : result;
}

/**
 * One line and, once it has ended, its answer as a value, where it was asked for one, and what its agent said.
 * @param pending what waits for a person, as far as the key may see it
 */
export function taskText(task: Task, pending: readonly Approval[] = []): string {
  const line = `Task ${task.id} ${taskState(task)}.`;
  if (task.status === 'waiting_for_approval') return [line, ...waitingLines(task, pending)].join('\n');
  if (!hasEnded(task)) {
    return `${line} It goes on by itself. To wait for its end call getTask with {"id":"${task.id}","wait":50}; getTaskEvents shows what it does, stopTask ends it.`;
  }
  const title = task.status === 'completed' ? '' : 'Output so far:\n';
  const value = task.output === null ? [] : [JSON.stringify(task.output, null, 2)];
  const said = task.stdout ? [`${title}${task.stdout}`] : [];
  return [line, ...value, ...said].join('\n\n');
}

function waitingLines({ id }: Task, pending: readonly Approval[]): string[] {
  const waits = pending.map(
    (approval) => `Approval ${approval.id} ${stateLine(approval)}, until ${approval.expiresAt}.`,
  );
  const decides = pending.some((approval) => approval.mayDecide)
    ? 'decideApproval decides, as the person you work for says.'
    : 'A person decides: in the dashboard, or with another key that has approvals:write.';
  return [
    ...waits,
    `${decides} To wait for its end call getTask with {"id":"${id}","wait":50}; stopTask ends it.`,
  ];
}

/** The task, and what it waits for. */
export async function lookedAt(platform: Platform, task: Task, signal: AbortSignal) {
  const pending = task.status === 'waiting_for_approval' ? await pendingOf(platform, task.id, signal) : [];
  return { task, pending };
}

/** `is running (working)` */
function taskState(task: Task): string {
  const { status, phase, statusNote, error } = task;
  const words = status.replaceAll('_', ' ');
  // Whoever writes it out ends the sentence.
  if (error) return `${words}: ${error.code}, ${error.message.replace(/\.$/, '')}`;
  if (hasEnded(task)) return words;
  const why = phase ?? statusNote;
  return `is ${words}${why === null ? '' : ` (${why})`}`;
}

export function seedTasks(platform: Platform): TaskSource {
  async function ask(name: string, id: string, signal: AbortSignal): Promise<Task> {
    const command = allowedCommand(platform, name);
    if (!command) throw new ProtocolError(ProtocolErrorCode.InvalidRequest, `this key may not use "${name}"`);
    const { task } = await asProtocol(async () => answerOf(await platform.call(command, { id }, { signal })));
    return task as Task;
  }
  /** What waits and this key's answer counts for; its own and those of keys above it wait for another person. */
  async function questions({ id, status }: Task, signal: AbortSignal): Promise<Approval[]> {
    if (isTerminal(status) || status === 'queued') return [];
    return (await pendingOf(platform, id, signal)).filter((approval) => mayDecide(platform, approval));
  }
  return {
    get: async (id, { signal, elicits }) => {
      const task = await ask('tasks get', id, signal);
      const pending = elicits ? await asProtocol(() => questions(task, signal)) : [];
      return pending.length > 0 ? inputRequired(task, pending) : detailed(task);
    },
    update: async (id, inputResponses, signal) => {
      const task = await ask('tasks get', id, signal);
      await asProtocol(async () => decideAs(platform, await questions(task, signal), inputResponses, signal));
    },
    cancel: async (id, signal) => void (await ask('tasks stop', id, signal)),
  };
}

/** A task that asks the client's person, by the ids of what waits. */
function inputRequired(task: Task, pending: readonly Approval[]): DetailedTask {
  const statusMessage = pending.map(stateLine).join('; ');
  return {
    ...extensionTask(task),
    status: 'input_required',
    statusMessage,
    inputRequests: inputRequests(pending),
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

/** What is refused is an error of the protocol here. */
async function asProtocol<Value>(work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof SeedError ? protocolError(error) : error;
  }
}

function protocolError(error: SeedError): ProtocolError {
  const isUnknown = ['not_found', 'invalid_input'].includes(error.code);
  const code = isUnknown ? ProtocolErrorCode.InvalidParams : ProtocolErrorCode.InternalError;
  return new ProtocolError(code, errorText(error), { code: error.code });
}
