// The agent's tools, for run-task.ts: bash, and Pi's read, write and edit. Each acts by processes of the agent's
// user: the kernel decides what that may touch, and no link that it plants leads the guest's own user away.
import { text } from 'node:stream/consumers';
import {
  createEditToolDefinition,
  createReadToolDefinition,
  createWriteToolDefinition,
  defineTool,
  type EditOperations,
  type EditToolInput,
  type ReadOperations,
  type ToolDefinition,
  type WriteOperations,
} from '@earendil-works/pi-coding-agent';
import { awakeTimeout } from '../lib/awake-timeout.ts';
import { isRecord } from '../lib/json.ts';
import { readWithin } from '../lib/read-stream.ts';
import type { ModelTraits } from '../protocol/model.ts';
import type { AgentProcesses } from './agent-processes.ts';
import { bashTool } from './bash-tool.ts';
import type { EventQueue } from './event-queue.ts';
import type { GuestSettings } from './guest-settings.ts';
import { beginningOf, shownBytesOf } from './kept-output.ts';

export interface AgentToolsOptions {
  settings: Pick<GuestSettings, 'workspaceDir' | 'homeDir'>;
  processes: AgentProcesses;
  events: EventQueue;
  traits: ModelTraits;
  /** Resolves when the sandbox is somebody and has the `seed` command; no tool starts before. */
  prepared(): Promise<void>;
}

export function createAgentTools(options: AgentToolsOptions): ToolDefinition[] {
  const { settings, processes, events, traits, prepared } = options;
  const { workspaceDir: cwd, homeDir } = settings;
  const shownBytes = shownBytesOf(traits.contextTokens);
  // Nor before the runner keeps up with what was reported until then.
  const ready = () => Promise.all([prepared(), events.room()]);
  const bash = startedWhen(ready, bashTool({ cwd, homeDir, processes, events, shownBytes }));
  if (traits.tools === 'bash') return [bash];
  const operations = createAgentFiles(processes, cwd);
  const read = shownInPart(createReadToolDefinition(cwd, { operations, autoResizeImages: false }), shownBytes);
  const write = createWriteToolDefinition(cwd, { operations });
  const edit = oneEdit(createEditToolDefinition(cwd, { operations }));
  return [
    bash,
    defineTool(startedWhen(ready, terse(read, 'Reads a text file.'))),
    defineTool(startedWhen(ready, terse(write, 'Writes a whole file.'))),
    defineTool(startedWhen(ready, terse(edit, 'Replaces a text that is in the file once.'))),
  ];
}

/** Other names for a file's path that models use. */
const PATH_NAMES = ['file_path', 'filePath', 'file', 'filename'];

interface Described {
  description: string;
  parameters: object;
  prepareArguments?(args: unknown): unknown;
}

/** Pi's tool in fewer words, since every request carries them; its inputs taken as they were meant. */
function terse<Tool extends Described>(tool: Tool, description: string): Tool {
  const parameters = withoutDescriptions(tool.parameters);
  const prepareArguments = (args: unknown) => {
    const meant = fileInput(args);
    return tool.prepareArguments ? tool.prepareArguments(meant) : meant;
  };
  return { ...tool, description, parameters, prepareArguments };
}

function withoutDescriptions(schema: object): object {
  const kept = (key: string, value: unknown) =>
    key === 'description' && typeof value === 'string' ? undefined : value;
  return JSON.parse(JSON.stringify(schema, kept));
}

function fileInput(args: unknown): unknown {
  if (!isRecord(args)) return args;
  const other = PATH_NAMES.find((name) => typeof args[name] === 'string');
  const { content } = args;
  return {
    ...args,
    ...(args['path'] === undefined && other !== undefined && { path: args[other] }),
    // Of a file of JSON.
    ...(typeof content === 'object' && content !== null && { content: JSON.stringify(content, null, 2) }),
  };
}

const EDIT_PARAMETERS = {
  type: 'object',
  required: ['path', 'oldText', 'newText'],
  properties: { path: { type: 'string' }, oldText: { type: 'string' }, newText: { type: 'string' } },
} as const;

/** Pi's edit for one text a call: small models write no lists of edits. Those that do are still understood. */
function oneEdit(tool: ReturnType<typeof createEditToolDefinition>) {
  return defineTool({
    name: tool.name,
    label: tool.label,
    description: tool.description,
    parameters: EDIT_PARAMETERS,
    prepareArguments(args): EditInput {
      const { path, edits = [] } = tool.prepareArguments?.(args) ?? (args as Partial<EditToolInput>);
      const [first, ...more] = Array.isArray(edits) ? edits : [];
      return { ...(path !== undefined && { path }), ...first, ...(more.length > 0 && { more }) } as EditInput;
    },
    execute(callId, { path, oldText, newText, more = [] }: EditInput, ...rest) {
      return tool.execute(callId, { path, edits: [{ oldText, newText }, ...more] }, ...rest);
    },
  });
}

interface EditInput {
  path: string;
  oldText: string;
  newText: string;
  more?: EditToolInput['edits'];
}

type ReadTool = ReturnType<typeof createReadToolDefinition>;

function shownInPart(tool: ReadTool, mostBytes: number): ReadTool {
  const execute: ReadTool['execute'] = async (callId, input, ...more) => {
    const result = await tool.execute(callId, input, ...more);
    const content = result.content.map((part) =>
      part.type === 'text' ? { ...part, text: beginningOf(part.text, input.offset ?? 1, mostBytes) } : part,
    );
    return { ...result, content };
  };
  return { ...tool, execute };
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
    const withdraw = awakeTimeout(FILE_TIMEOUT_MS, kill);
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
      withdraw();
    }
  };
}
