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
 * @param installCli resolves when the `seed` command is there; the bash tool waits for it
 */
export function createAgentTools(
  cwd: string,
  processes: AgentProcesses,
  events: EventQueue,
  installCli: () => Promise<void>,
): ToolDefinition[] {
  const files = createAgentFiles(processes, cwd);
  return [
    defineTool(waitingForRoom(bashTool(cwd, processes, events, installCli), events)),
    defineTool(
      waitingForRoom(createReadToolDefinition(cwd, { operations: files, autoResizeImages: false }), events),
    ),
    defineTool(waitingForRoom(createWriteToolDefinition(cwd, { operations: files }), events)),
    defineTool(waitingForRoom(createEditToolDefinition(cwd, { operations: files }), events)),
  ];
}

type BashTool = ReturnType<typeof createBashToolDefinition>;

/** Pi's bash tool has one shell for all calls; here each call gets its own, whose output carries the call's id. */
function bashTool(
  cwd: string,
  processes: AgentProcesses,
  events: EventQueue,
  installCli: () => Promise<void>,
): BashTool {
  const forCall = (callId: string) =>
    createBashToolDefinition(cwd, {
      operations: createAgentShell(processes, createToolOutput(callId, events)),
      exposeSessionEnvironment: false,
    });
  return {
    ...forCall(''),
    execute: async (callId, input, signal, onUpdate, context) => {
      await installCli();
      return forCall(callId).execute(callId, input, signal, onUpdate, context);
    },
  };
}

interface Executable {
  execute(...call: never[]): Promise<unknown>;
}

/** A tool starts only when the runner keeps up with what was reported before. */
function waitingForRoom<Tool extends Executable>(tool: Tool, events: EventQueue): Tool {
  const execute = async (...call: Parameters<Tool['execute']>) => {
    await events.room();
    return tool.execute(...call);
  };
  return { ...tool, execute };
}
