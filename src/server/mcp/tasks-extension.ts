// The Tasks extension (io.modelcontextprotocol/tasks, SEP-2663) of 2026-07-28: tasks/get, /update and /cancel.
import {
  CLIENT_CAPABILITIES_META_KEY,
  type ClientCapabilities,
  MissingRequiredClientCapabilityError,
  type Server,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { z } from 'zod';

export const TASKS_EXTENSION = 'io.modelcontextprotocol/tasks';

/** A task as the extension sees it. */
export interface ExtensionTask {
  taskId: string;
  status: 'working' | 'input_required' | 'completed' | 'failed' | 'cancelled';
  statusMessage?: string;
  createdAt: string;
  lastUpdatedAt: string;
  /** Milliseconds for which it is kept; null: for ever. */
  ttlMs: number | null;
  pollIntervalMs: number;
}

/** With what is there only in some statuses: the tool's result, a protocol error, what is asked of the client. */
export interface DetailedTask extends ExtensionTask {
  result?: Record<string, unknown>;
  error?: { code: number; message: string };
  inputRequests?: Record<string, unknown>;
}

/** A tool's answer in the place of its result. */
export interface CreateTaskResult extends ExtensionTask {
  resultType: 'task';
  [more: string]: unknown;
}

export interface TaskRequest {
  signal: AbortSignal;
  /** Whether the client can put a form before a person. */
  elicits: boolean;
}

export interface TaskSource {
  /** Throws ProtocolError -32602 when the caller has no such task. */
  get(taskId: string, request: TaskRequest): Promise<DetailedTask>;
  update(taskId: string, inputResponses: Record<string, unknown>, signal: AbortSignal): Promise<void>;
  cancel(taskId: string, signal: AbortSignal): Promise<void>;
}

export function serveTasks(server: Server, source: TaskSource): void {
  const params = z.looseObject({ taskId: z.string() });
  const serve = (method: string, answer: (id: string, ctx: ServerContext) => Promise<unknown>) =>
    server.setRequestHandler(method, { params }, async ({ taskId }, ctx) => {
      requireTasks(ctx);
      return { ...((await answer(taskId, ctx)) ?? {}) };
    });
  serve('tasks/get', (id, ctx) =>
    source.get(id, { signal: ctx.mcpReq.signal, elicits: declaresElicitation(ctx) }),
  );
  serve('tasks/update', (id, { mcpReq: { inputResponses = {}, signal } }) =>
    source.update(id, inputResponses, signal),
  );
  serve('tasks/cancel', (id, { mcpReq: { signal } }) => source.cancel(id, signal));
}

/** What the request says that its client can do. */
function declared(ctx: ServerContext): ClientCapabilities | undefined {
  const envelope: Record<string, ClientCapabilities | undefined> = { ...ctx.mcpReq.envelope };
  return envelope[CLIENT_CAPABILITIES_META_KEY];
}

/** Whether the request says that its client can take a task for an answer. */
export function declaresTasks(ctx: ServerContext): boolean {
  return declared(ctx)?.extensions?.[TASKS_EXTENSION] !== undefined;
}

/** Whether it can put a form before a person; without a mode forms are meant. */
export function declaresElicitation(ctx: ServerContext): boolean {
  const elicitation = declared(ctx)?.elicitation;
  return elicitation !== undefined && (elicitation.form !== undefined || elicitation.url === undefined);
}

/** @throws MissingRequiredClientCapabilityError -32021 */
export function requireTasks(ctx: ServerContext): void {
  if (declaresTasks(ctx)) return;
  throw new MissingRequiredClientCapabilityError({
    requiredCapabilities: { extensions: { [TASKS_EXTENSION]: {} } },
  });
}
