// The agent's shell, for agent-tools.ts: Pi's bash by name and inputs, with what suits small models, too: short
// words, inputs taken as they were meant, and no more output than the model's context has room for.
import { defineTool, type ToolDefinition } from '@earendil-works/pi-coding-agent';
import { isRecord } from '../lib/json.ts';
import { shellWord } from '../lib/shell-word.ts';
import type { AgentProcesses } from './agent-processes.ts';
import { createAgentShell, createToolOutput } from './agent-shell.ts';
import type { EventQueue } from './event-queue.ts';
import { keepOutput, type OutputFile } from './kept-output.ts';

export interface BashOptions {
  cwd: string;
  /** Where output that is not shown whole is kept, for the agent. */
  homeDir: string;
  processes: AgentProcesses;
  events: EventQueue;
  /** Of one command's output. */
  shownBytes: number;
}

const PARAMETERS = {
  type: 'object',
  required: ['command'],
  properties: {
    command: { type: 'string' },
    timeout: { type: 'number', description: 'seconds' },
  },
} as const;

interface BashInput {
  command: string;
  /** Seconds. */
  timeout?: number;
}

export function bashTool(options: BashOptions): ToolDefinition {
  const { cwd, processes, events, shownBytes } = options;
  const openFile = outputFiles(options);
  return defineTool({
    name: 'bash',
    label: 'bash',
    description: 'Runs a shell command and returns what it prints.',
    parameters: PARAMETERS,
    prepareArguments: asMeant,
    async execute(callId, input, signal) {
      const { command, timeout }: BashInput = input;
      const shell = createAgentShell(processes, createToolOutput(callId, events));
      const output = keepOutput(shownBytes, openFile);
      const end = await shell
        .exec(command, cwd, {
          onData: output.take,
          ...(signal && { signal }),
          ...(timeout !== undefined && { timeout }),
        })
        .catch((error: Error) => error);
      const { text, digest } = await output.finish();
      const status = statusOf(end, timeout);
      const whole = [text.trimEnd() === '' && status === null ? '(done: no output)' : text, status]
        .filter((part) => part !== null && part !== '')
        .join('\n\n');
      const details = { sameness: `${digest} ${status}` };
      return { content: [{ type: 'text', text: whole }], details, isError: status !== null };
    },
  });
}

/** Null where the command went well. */
function statusOf(end: { exitCode: number | null } | Error, timeout: number | undefined): string | null {
  if (!(end instanceof Error)) return end.exitCode === 0 ? null : `Command exited with code ${end.exitCode}`;
  if (end.message === 'aborted') return 'Command aborted';
  if (end.message.startsWith('timeout:')) return `Command timed out after ${timeout} seconds`;
  return end.message;
}

/** Files of the agent's own, written as its user: they count as its own, and it may read them. */
function outputFiles({ cwd, homeDir, processes }: BashOptions): () => OutputFile {
  let count = 0;
  return () => {
    count += 1;
    const path = `${homeDir}/output-${count}.txt`;
    const child = processes.spawn('/bin/sh', ['-c', 'cat > "$1"', 'sh', path], { cwd, stdin: 'pipe' });
    const isWhole = new Promise<boolean>((resolve) => {
      child.once('error', () => resolve(false));
      child.once('close', (code) => resolve(code === 0));
    });
    // What it complains about shows in its exit code.
    child.stdout?.resume();
    child.stderr?.resume();
    child.stdin?.on('error', () => undefined);
    return {
      path,
      write: (chunk) => void child.stdin?.write(chunk),
      close() {
        child.stdin?.end();
        return isWhole;
      },
    };
  };
}

/** Other models' names for the command. */
const COMMAND_NAMES = ['command', 'cmd', 'script', 'code'];
/** What setTimeout can wait for; a task ends before. */
const TIMEOUT_SECONDS_MOST = 2_000_000;

/** What a call plainly means, in the tool's own terms; the rest as it is, for the schema to refuse. */
export function asMeant(args: unknown): BashInput {
  if (typeof args === 'string') return { command: args };
  if (!isRecord(args)) return args as BashInput;
  const given = COMMAND_NAMES.map((name) => args[name]).find((value) => value !== undefined && value !== null);
  const command = Array.isArray(given) && given.every((word) => typeof word === 'string') ? oneLine(given) : given;
  const timeout = secondsOf(args['timeout']);
  return { ...(command !== undefined && { command }), ...(timeout !== undefined && { timeout }) } as BashInput;
}

/** A list of words is a program with its arguments; of `bash -c` only the script is left to run. */
function oneLine(words: readonly string[]): string {
  const [program = '', flag = '', script] = words;
  const isShell = /^(\/bin\/)?(ba|z)?sh$/.test(program) && /^-l?c$/.test(flag);
  if (isShell && script !== undefined) return script;
  if (words.length === 1) return program;
  return words.map(shellWord).join(' ');
}

const SECONDS = /^\s*(\d+(?:\.\d+)?)\s*(?:s|secs?|seconds?)?\s*$/i;

/** No number, none, 0 and less mean no limit. */
function secondsOf(value: unknown): number | undefined {
  const seconds = typeof value === 'string' ? Number(SECONDS.exec(value)?.[1]) : value;
  return typeof seconds === 'number' && seconds > 0 && seconds <= TIMEOUT_SECONDS_MOST ? seconds : undefined;
}
