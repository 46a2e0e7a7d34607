// The agent's tools, for run-task.ts: Pi's bash, read, write and edit. Each acts by processes of the agent's user:
// the kernel decides what that may touch, and no link that it plants leads the guest's own user away.
import { text } from 'node:stream/consumers';
import {
  createBashToolDefinition,
  createEditToolDefinition,
  createReadToolDefinition,
  createWriteToolDefinition,
  defineTool,
  type EditOperations,
  type ReadOperations,
  type ToolDefinition,
  type WriteOperations,
} from '@earendil-works/pi-coding-agent';
import { readWithin } from '../lib/read-stream.ts';
import type { AgentProcesses } from './agent-processes.ts';
import { createAgentShell, createToolOutput } from './agent-shell.ts';
import type { EventQueue } from './event-queue.ts';

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
    defineTool(startedWhen(ready, createReadToolDefinition(cwd, { operations: files, autoResizeImages: false }))),
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

const FILE_BYTES = 16 * 1024 * 1024;
const FILE_TIMEOUT_MS = 30_000;

type AgentFiles = ReadOperations & WriteOperations & EditOperations;

/** Errors carry what the system said about the path. */
function createAgentFiles(processes: AgentProcesses, cwd: string): AgentFiles {
  const run = fileRunner(processes, cwd);
  return {
    readFile: (path) => run('cat', ['--', path]),
    writeFile: async (path, content) => void (await run('/bin/sh', ['-c', 'cat > "$1"', 'sh', path], content)),
    mkdir: async (dir) => void (await run('mkdir', ['-p', '--', dir])),
    access: async (path) => void (await run('/bin/sh', ['-c', ': < "$1"', 'sh', path])),
  };
}

function fileRunner(processes: AgentProcesses, cwd: string) {
  return async (file: string, args: string[], input = ''): Promise<Buffer> => {
    const child = processes.spawn(file, args, { cwd, stdin: 'pipe' });
    const { stdin, stdout, stderr } = child;
    if (stdin === null || stdout === null || stderr === null) throw new Error(`${file} started without pipes`);
    const exited = new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    const kill = () => processes.killGroup(child);
    const timer = setTimeout(kill, FILE_TIMEOUT_MS);
    // The process may end without reading its input; its exit code tells.
    stdin.on('error', () => undefined);
    stdin.end(input);
    try {
      const read = readWithin(stdout, FILE_BYTES).then((output) => {
        if (output === null) kill();
        return output;
      });
      const [output, complaint, code] = await Promise.all([read, text(stderr), exited]);
      if (output === null)
        throw new Error(`the file is larger than ${FILE_BYTES} bytes; use bash to read parts of it`);
      if (code !== 0) throw new Error(complaint.trim().slice(0, 1000) || `${file} did not finish`);
      return output;
    } finally {
      clearTimeout(timer);
    }
  };
}
