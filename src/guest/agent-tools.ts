// The tools the agent has: Pi's bash, read, write and edit, made to act as the agent's user and to report their output.
import {
  createBashToolDefinition,
  createEditToolDefinition,
  createReadToolDefinition,
  createWriteToolDefinition,
  defineTool,
  type ToolDefinition,
} from '@earendil-works/pi-coding-agent';
import { createAgentFiles } from './agent-files.ts';
import type { AgentProcesses } from './agent-processes.ts';
import { createAgentShell } from './agent-shell.ts';
import type { EventQueue } from './event-queue.ts';
import { createToolOutput } from './tool-output.ts';

export const TOOL_NAMES = ['bash', 'read', 'write', 'edit'];

/**
 * @param cwd the agent's working folder
 * @param prepared resolves when the sandbox is somebody and has the `seed` command; no tool starts before
 */
export function createAgentTools(
  cwd: string,
  processes: AgentProcesses,
  events: EventQueue,
  prepared: () => Promise<void>,
): ToolDefinition[] {
  const files = createAgentFiles(processes, cwd);
  // Nor before the runner keeps up with what was reported until then.
  const ready = () => Promise.all([prepared(), events.room()]);
  return [
    defineTool(startedWhen(ready, bashTool(cwd, processes, events))),
    defineTool(
      startedWhen(ready, createReadToolDefinition(cwd, { operations: files, autoResizeImages: false })),
    ),
    defineTool(startedWhen(ready, createWriteToolDefinition(cwd, { operations: files }))),
    defineTool(startedWhen(ready, createEditToolDefinition(cwd, { operations: files }))),
  ];
}

type BashTool = ReturnType<typeof createBashToolDefinition>;

/** Pi's bash tool has one shell for all calls; here each call gets its own, whose output carries the call's id. */
function bashTool(cwd: string, processes: AgentProcesses, events: EventQueue): BashTool {
  const forCall = (callId: string) =>
    createBashToolDefinition(cwd, {
      operations: createAgentShell(processes, createToolOutput(callId, events)),
      exposeSessionEnvironment: false,
    });
  return {
    ...forCall(''),
    execute: (callId, input, signal, onUpdate, context) =>
      forCall(callId).execute(callId, input, signal, onUpdate, context),
  };
}

interface Executable {
  execute(...call: never[]): Promise<unknown>;
}

function startedWhen<Tool extends Executable>(ready: () => Promise<unknown>, tool: Tool): Tool {
  const execute = async (...call: Parameters<Tool['execute']>) => {
    await ready();
    return tool.execute(...call);
  };
  return { ...tool, execute };
}
