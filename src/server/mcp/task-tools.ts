// runTask, getTask and stopTask.
import type { CallToolResult, ServerContext, Tool } from '@modelcontextprotocol/server';
import { SeedError } from '../../protocol/errors.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { JsonSchema } from '../../protocol/manifest.ts';
import type { Task } from '../../protocol/task.ts';
import { annotationsOf, inputSchemaOf } from './command-tool.ts';
import { followTask } from './follow-task.ts';
import type { McpTool } from './mcp-server.ts';
import { allowedCommand, type Platform, type PlatformCommand } from './platform.ts';
import { createTaskResult } from './seed-tasks.ts';
import { taskResult, taskText } from './task-view.ts';
import { type CreateTaskResult, declaresTasks } from './tasks-extension.ts';
import { answerOf, orToolError, toolResult } from './tool-result.ts';

export function runTaskTool(platform: Platform, command: PlatformCommand): McpTool {
  return {
    definition: {
      name: 'runTask',
      title: 'Run a task',
      description: `${command.summary}. Comes back with the task's end or, when it outlasts the wait, with how to go on.`,
      inputSchema: inputSchemaOf(command, { wait: waitSchema(LIMITS.mcp.waitSecondsDefault) }),
      outputSchema: command.outputSchema as Tool['outputSchema'],
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
      outputSchema: command.outputSchema as Tool['outputSchema'],
      annotations: annotationsOf(command),
    },
    call: (input, ctx) =>
      orToolError(async () => {
        const { wait, rest } = takeWait(input, 0);
        const events = allowedCommand(platform, 'tasks events');
        const id = rest['id'];
        if (wait > 0 && events && typeof id === 'string') await followTask(platform, events, id, wait, ctx);
        const task = await ask(platform, command, rest, ctx);
        return toolResult({ task }, taskText(task));
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
      outputSchema: command.outputSchema as Tool['outputSchema'],
      annotations: annotationsOf(command),
    },
    call: (input, ctx) =>
      orToolError(async () => {
        const task = await ask(platform, command, input, ctx);
        return toolResult({ task }, taskText(task));
      }),
  };
}

async function runTask(
  platform: Platform,
  command: PlatformCommand,
  input: Record<string, unknown>,
  ctx: ServerContext,
): Promise<CallToolResult> {
  const { wait, rest } = takeWait(input, LIMITS.mcp.waitSecondsDefault);
  const get = allowedCommand(platform, 'tasks get');
  const events = allowedCommand(platform, 'tasks events');
  if (get && declaresTasks(ctx)) return asResult(createTaskResult(await ask(platform, command, rest, ctx)));
  // A key that may start tasks and not read them has its answer held instead, without progress.
  if (!get || !events) return taskResult(await ask(platform, command, rest, ctx, wait));
  const started = await ask(platform, command, rest, ctx);
  if (wait === 0) return taskResult(started);
  await followTask(platform, events, started.id, wait, ctx);
  // Whatever keeps it from being seen again, its id must not be lost.
  return taskResult(await ask(platform, get, { id: started.id }, ctx).catch(() => started));
}

/** The SDK's type of a tool's result knows nothing of the extension's. */
const asResult = (task: CreateTaskResult) => task as unknown as CallToolResult;

async function ask(
  platform: Platform,
  command: PlatformCommand,
  input: Record<string, unknown>,
  ctx: ServerContext,
  waitSeconds = 0,
): Promise<Task> {
  const response = await platform.call(command, input, { signal: ctx.mcpReq.signal, waitSeconds });
  return (await answerOf(response))['task'] as Task;
}

function waitSchema(seconds: number): JsonSchema {
  return {
    type: 'integer',
    minimum: 0,
    maximum: LIMITS.waitSeconds,
    default: seconds,
    description: "Seconds to wait for the task's end. Most clients give up after 60",
  };
}

/** The command itself knows no `wait`. */
function takeWait(
  input: Record<string, unknown>,
  fallback: number,
): { wait: number; rest: Record<string, unknown> } {
  const { wait = fallback, ...rest } = input;
  if (typeof wait === 'number' && Number.isInteger(wait) && wait >= 0 && wait <= LIMITS.waitSeconds)
    return { wait, rest };
  throw new SeedError('invalid_input', `wait is no whole number from 0 to ${LIMITS.waitSeconds}`);
}
