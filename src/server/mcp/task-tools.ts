// The tools for tasks: runTask and getTask, which wait for the end and tell the client of each step, stopTask, and
// getTaskEvents, which is a page of a task's transcript.
import type { CallToolResult, ServerContext, Tool } from '@modelcontextprotocol/server';
import { linesOf } from '../../lib/read-stream.ts';
import type { Approval } from '../../protocol/approval.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { TaskEvent } from '../../protocol/event.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { JsonSchema } from '../../protocol/manifest.ts';
import { isTerminal } from '../../protocol/statuses.ts';
import type { Task } from '../../protocol/task.ts';
import { heldCall, heldOutput } from './approvals.ts';
import { askedBefore, asking, type MadeCall, questionsOf, takeAnswers } from './asking.ts';
import type { McpTool } from './mcp-server.ts';
import { allowedCommand, type Platform, type PlatformCommand } from './platform.ts';
import { progressTo } from './progress.ts';
import { createTaskResult, lookedAt, taskResult, taskText } from './task-view.ts';
import { type CreateTaskResult, declaresTasks } from './tasks-extension.ts';
import {
  annotationsOf,
  answeredLines,
  answerOf,
  inputSchemaOf,
  orToolError,
  takeWait,
  toolResult,
  waitSchema,
} from './tool.ts';

export function runTaskTool(platform: Platform, command: PlatformCommand): McpTool {
  return {
    definition: {
      name: 'runTask',
      title: 'Run a task',
      description: `${command.summary}. Comes back with the task's end or, when it outlasts the wait, with how to go on.`,
      inputSchema: inputSchemaOf(command, { wait: waitSchema(LIMITS.mcp.waitSecondsDefault) }),
      outputSchema: heldOutput(platform, command),
      // Its agent may call destructive commands, as far as its scopes allow.
      annotations: { ...annotationsOf(command), destructiveHint: true },
    },
    call: (input, ctx) => orToolError(() => runTask(platform, command, input, ctx)),
  };
}

export function getTaskTool(platform: Platform, command: PlatformCommand): McpTool {
  return {
    definition: {
      name: 'getTask',
      title: 'Look at a task',
      description: `${command.summary}. With wait it holds the answer until the task has ended.`,
      inputSchema: inputSchemaOf(command, { wait: waitSchema(0) }),
      outputSchema: heldOutput(platform, command),
      annotations: annotationsOf(command),
    },
    call: (input, ctx) =>
      orToolError(async () => {
        const { wait, rest } = takeWait(input, 0);
        const events = allowedCommand(platform, 'tasks events');
        const id = rest['id'];
        const made = { tool: 'getTask', input: rest };
        if (wait > 0 && events && typeof id === 'string') {
          await takeAnswers(platform, id, ctx);
          const questions = await followTask(platform, events, { id, waitSeconds: wait }, ctx);
          if (questions.length > 0) return asking(made, { task: id }, questions);
        }
        return heldCall(platform, { ...made, command, resultOf: seenResult(platform, ctx) }, ctx);
      }),
  };
}

export function stopTaskTool(platform: Platform, command: PlatformCommand): McpTool {
  return {
    definition: {
      name: 'stopTask',
      title: 'Stop a task',
      description: `${command.summary}.`,
      inputSchema: inputSchemaOf(command),
      outputSchema: heldOutput(platform, command),
      annotations: annotationsOf(command),
    },
    call: (input, ctx) =>
      orToolError(() =>
        heldCall(platform, { command, tool: 'stopTask', input, resultOf: seenResult(platform, ctx) }, ctx),
      ),
  };
}

export function getTaskEventsTool(platform: Platform, command: PlatformCommand): McpTool {
  return {
    definition: {
      name: 'getTaskEvents',
      title: "Read a task's events",
      description:
        'Read what a task has done so far: a page of its events, oldest first. Go on with after = nextAfter until ended.',
      inputSchema: eventsInput(command),
      outputSchema: eventsOutput(command) as Tool['outputSchema'],
      annotations: annotationsOf(command),
    },
    call: (input, ctx) =>
      orToolError(async () => {
        const { limit = LIMITS.pageSizeDefault } = input;
        if (Number(limit) > LIMITS.pageSize)
          throw new SeedError('invalid_input', `limit is at most ${LIMITS.pageSize}`);
        const asked = { ...input, limit, past: true };
        const response = await platform.call(command, asked, { signal: ctx.mcpReq.signal });
        const items: TaskEvent[] = [];
        for await (const line of answeredLines(response)) items.push(JSON.parse(line));
        const last = items.at(-1);
        const ended = last?.type === 'status' && isTerminal(last.status);
        return toolResult({ items, nextAfter: last?.seq ?? input['after'] ?? 0, ended });
      }),
  };
}

async function runTask(
  platform: Platform,
  command: PlatformCommand,
  input: Record<string, unknown>,
  ctx: ServerContext,
): Promise<CallToolResult> {
  const { signal } = ctx.mcpReq;
  const { wait, rest } = takeWait(input, LIMITS.mcp.waitSecondsDefault);
  const get = allowedCommand(platform, 'tasks get');
  const events = allowedCommand(platform, 'tasks events');
  // A key that may start tasks and not read them has its answer held instead, without progress.
  const isBlind = !get || !events;
  const made = { tool: 'runTask', input: rest };
  const follow = (started: Task) => {
    if (isBlind || wait === 0) return taskResult(started);
    return followedTask(platform, { get, events, started, waitSeconds: wait, made }, ctx);
  };
  const { task: before } = askedBefore(ctx, made);
  if (before !== undefined) {
    if (isBlind)
      throw new SeedError('missing_scope', 'this key may no longer follow the task that it has started');
    const { task } = await answerOf(await platform.call(get, { id: before }, { signal }));
    await takeAnswers(platform, before, ctx);
    return follow(task as Task);
  }
  const resultOf = (body: Record<string, unknown>) => {
    const started = body['task'] as Task;
    return get && declaresTasks(ctx) ? asResult(createTaskResult(started)) : follow(started);
  };
  return heldCall(platform, { ...made, command, resultOf, ...(isBlind && { waitSeconds: wait }) }, ctx);
}

interface FollowedTask {
  get: PlatformCommand;
  events: PlatformCommand;
  started: Task;
  waitSeconds: number;
  made: MadeCall;
}

/** The result of runTask once the task has ended, the time is over, or the client's person is to be asked. */
async function followedTask(
  platform: Platform,
  { get, events, started, waitSeconds, made }: FollowedTask,
  ctx: ServerContext,
): Promise<CallToolResult> {
  const { id } = started;
  const questions = await followTask(platform, events, { id, waitSeconds }, ctx);
  if (questions.length > 0) return asking(made, { task: id }, questions);
  const { signal } = ctx.mcpReq;
  // Whatever keeps it from being seen again, its id must not be lost.
  try {
    const seen = await answerOf(await platform.call(get, { id }, { signal }));
    const { task, pending } = await lookedAt(platform, seen['task'] as Task, signal);
    return taskResult(task, pending);
  } catch {
    return taskResult(started);
  }
}

/** The SDK's type of a tool's result knows nothing of the extension's. */
const asResult = (task: CreateTaskResult) => task as unknown as CallToolResult;

/** The task as a tool shows it that looks at it. */
function seenResult(platform: Platform, { mcpReq: { signal } }: ServerContext) {
  return async (body: Record<string, unknown>) => {
    const { task, pending } = await lookedAt(platform, body['task'] as Task, signal);
    return toolResult({ task }, taskText(task, pending));
  };
}

/** Input and output of getTaskEvents: a page where the command has a stream. */
function eventsInput(command: PlatformCommand): Tool['inputSchema'] {
  const { past: _always, ...properties } = command.input.properties ?? {};
  const limit: JsonSchema = {
    type: 'integer',
    minimum: 1,
    maximum: LIMITS.pageSize,
    default: LIMITS.pageSizeDefault,
    description: 'At most so many events',
  };
  const schema = { ...command.input, properties: { ...properties, limit }, additionalProperties: false };
  return schema as Tool['inputSchema'];
}

function eventsOutput({ outputSchema: { $defs, ...item } }: PlatformCommand): JsonSchema {
  return {
    type: 'object',
    properties: {
      items: { type: 'array', items: item },
      nextAfter: { type: 'integer', description: 'The `after` of the next page' },
      ended: { type: 'boolean', description: 'Whether the last of them is the end of the task' },
    },
    required: ['items', 'nextAfter', 'ended'],
    additionalProperties: false,
    ...($defs !== undefined && { $defs }),
  };
}

/**
 * Follows a task's events until it has ended, the time is over or the client has gone.
 * @returns what the client's person is to be asked before it goes on
 */
async function followTask(
  platform: Platform,
  events: PlatformCommand,
  { id, waitSeconds }: { id: string; waitSeconds: number },
  ctx: ServerContext,
): Promise<Approval[]> {
  const waited = new AbortController();
  const over = AbortSignal.any([ctx.mcpReq.signal, AbortSignal.timeout(waitSeconds * 1000), waited.signal]);
  const tell = progressTo(ctx);
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    const response = await platform.call(events, { id }, { signal: over });
    // Whoever waits looks at the task next, which tells what is wrong.
    if (!response.ok) return [];
    for await (const line of linesOf(response.body ?? new ReadableStream())) {
      const event = JSON.parse(line) as TaskEvent;
      if (event.type === 'status') {
        clearTimeout(timer);
        // The client's own person may be the one who is to decide: they are told before clients give up.
        if (event.status === 'waiting_for_approval')
          timer = setTimeout(() => waited.abort(), LIMITS.mcp.waitSecondsDefault * 1000);
      }
      const step = describe(event);
      if (step !== null) await tell(step);
      const asks = event.type === 'approval' && event.state === 'pending';
      const questions = asks ? await questionsOf(platform, id, ctx) : [];
      if (questions.length > 0) return questions;
    }
  } catch (error) {
    if (!over.aborted) throw error;
  } finally {
    clearTimeout(timer);
  }
  return [];
}

const LINE_CHARACTERS = 200;

/** One line for a step worth telling; null for the rest. */
function describe(event: TaskEvent): string | null {
  switch (event.type) {
    case 'status':
      return event.phase === null ? event.status : `${event.status}: ${event.phase}`;
    case 'text':
      return firstLine(event.text);
    case 'tool_call':
      return firstLine(`${event.tool} ${String(Object.values(event.input)[0] ?? '')}`);
    case 'approval':
      return firstLine(`approval ${event.state}: ${event.summary}`);
    case 'command':
      return `seed ${event.command} (${event.status ?? 'unknown'})`;
    default:
      return null;
  }
}

function firstLine(text: string): string {
  return text.trim().split('\n', 1).join('').slice(0, LINE_CHARACTERS);
}
