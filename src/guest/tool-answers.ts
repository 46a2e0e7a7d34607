// What the agent is told beside what its tools say: of tools that do not exist, of calls that bring nothing new.
// Used by run-agent.ts, for the transcript, and by pi-hooks.ts, for the agent.
import { isRecord } from '../lib/json.ts';
import { kebabCase } from '../lib/kebab-case.ts';
import { shellWord } from '../lib/shell-word.ts';
import type { ToldCommand } from '../protocol/manifest.ts';

export interface ToolCall {
  tool: string;
  input: Record<string, unknown>;
}

export interface ToolOutput {
  /** What makes it another output; without it the text does. */
  sameness?: string | undefined;
  isError?: boolean;
}

export interface ToolAnswers {
  called(callId: string, call: ToolCall): void;
  /** What the call is answered. */
  answer(callId: string, text: string, output?: ToolOutput): string;
  /** What the agent is told, once: that answer, and what closes it; null when it is the tool's own text. */
  told(callId: string): string | null;
}

/** After so many calls in a row that were the same, with the same output, the agent is told. */
const SAME_CALLS = 3;

/**
 * Behind each answer for small models: they write next in the form of what they have read last, and with an output
 * there they wrote the same call again, more often than not. With this they answered.
 */
export const CLOSING = 'That command is done. When you have what was asked for, answer now in plain text.';
/** They else claimed that it was done. */
export const FAILED = 'That command failed. Call bash again with a better command; answer only when none works.';
/** A search that found nothing says no more than that it failed: some searched for the same again. */
const FAILED_SILENTLY =
  'That command failed and printed nothing. Call bash again with another command, one that shows more, such as `cat` for a file; answer only when none works.';
const SILENT = /^Command exited with code \d+$/;

/** The same where the answer is to be a value. */
const CLOSING_FOR_OUTPUT =
  'That command is done. When you have what was asked for, give it now with `seed finish --json`.';
const FAILED_FOR_OUTPUT = 'That command failed. Call bash again with a better command.';

/** @param tools bash alone is what small models get */
export function createToolAnswers(
  tools: readonly string[],
  commands: readonly ToldCommand[],
  { isForOutput }: { isForOutput: boolean } = { isForOutput: false },
): ToolAnswers {
  const closing = isForOutput ? CLOSING_FOR_OUTPUT : CLOSING;
  const failedWith = (text: string) =>
    isForOutput ? FAILED_FOR_OUTPUT : SILENT.test(text.trim()) ? FAILED_SILENTLY : FAILED;
  const isSmall = tools.join() === 'bash';
  const open = new Map<string, ToolCall>();
  const changed = new Map<string, string>();
  let last = '';
  let times = 0;
  return {
    called: (callId, call) => void open.set(callId, call),
    answer(callId, text, { sameness = text, isError = false } = {}) {
      const call = open.get(callId);
      if (call === undefined) return text;
      open.delete(callId);
      const isKnown = tools.includes(call.tool);
      const own = isKnown ? text : unknownTool(call, tools, commands);
      const round = JSON.stringify([call.tool, call.input, isKnown ? sameness : own]);
      times = round === last ? times + 1 : 1;
      last = round;
      const notes = [jqNote(call, text), times < SAME_CALLS ? null : sameAgain(times)].filter(
        (note) => note !== null,
      );
      const answer = notes.length === 0 ? own : [own, ...notes].join('\n\n');
      if (isSmall) changed.set(callId, `${answer.trimEnd()}\n\n${isError ? failedWith(text) : closing}`);
      else if (answer !== text) changed.set(callId, answer);
      return answer;
    },
    told(callId) {
      const answer = changed.get(callId) ?? null;
      changed.delete(callId);
      return answer;
    },
  };
}

const sameAgain = (times: number) =>
  `[The same call has now brought the same output ${times} times in a row. If you do not wait for something, go on in another way, or answer.]`;

const COMMAND_TO_JQ = /^\s*(seed\s[^|;&<>\n]{1,200}?)\s*\|\s*jq\b/;
const JQ_MISREAD = /^jq: (?:parse )?error/m;

/** Some pipe what is meant for people into jq, and took its error for the command's own. */
function jqNote({ input: { command } }: ToolCall, output: string): string | null {
  if (!JQ_MISREAD.test(output)) return null;
  const line = COMMAND_TO_JQ.exec(String(command))?.[1];
  if (line === undefined || /\s--json\b/.test(line)) return null;
  return `[jq reads JSON, and this printed text: run \`${line}\` alone, or with --json before jq.]`;
}

const NAME_LENGTH = 80;
const LINE_LENGTH = 1_000;

/** Pure: how to do what the call of a tool that does not exist was meant to do. */
export function unknownTool(call: ToolCall, tools: readonly string[], commands: readonly ToldCommand[]): string {
  const name = JSON.stringify(call.tool.slice(0, NAME_LENGTH));
  const meant = commandMeant(call, commands);
  if (meant !== null) return `There is no tool ${name}: run \`${meant}\` with bash.`;
  return `There is no tool ${name}. The tools are: ${tools.join(', ')}. Commands run with bash.`;
}

/** Whether the name is that of one of the commands, in whatever spelling, or any call of `seed`. */
export function isCommandName(name: string, commands: readonly ToldCommand[]): boolean {
  if (/^seed \w/.test(name)) return true;
  const called = bare(name).replace(/^seed/, '');
  return commands.some((command) => bare(command.name) === called);
}

/** A command line in the place of a tool's name: `seed keys revoke 7`. */
function lineIn(name: string, commands: readonly ToldCommand[]): string | null {
  const [line = ''] = name.trim().split('\n');
  return commands.some((command) => line.startsWith(`seed ${command.name} `)) ? line : null;
}

const bare = (name: string) => name.replace(/[^\p{L}\p{N}]/gu, '').toLowerCase();

/** The command line for a call of a command, or of `seed`, as if it were a tool; null when it is neither. */
function commandMeant({ tool, input }: ToolCall, commands: readonly ToldCommand[]): string | null {
  const called = bare(tool);
  if (called === 'seed') return seedLine(input, commands);
  const line = lineIn(tool.slice(0, LINE_LENGTH), commands);
  if (line !== null) return line;
  const command = longest(commands.filter(({ name }) => called.endsWith(bare(name))));
  return command === null ? null : `seed ${command.name}${inputWords(input, command)}`;
}

function longest(commands: readonly ToldCommand[]): ToldCommand | null {
  return commands.toSorted((a, b) => b.name.length - a.name.length)[0] ?? null;
}

/** What stands in the path comes first, as words; the rest as flags. */
function inputWords(input: Record<string, unknown>, { positional }: ToldCommand): string {
  const words = positional.map((name) => (isPlain(input[name]) ? shellWord(String(input[name])) : `<${name}>`));
  const flags = Object.entries(input)
    .filter(([name, value]) => !positional.includes(name) && isPlain(value))
    .map(([name, value]) => flagWith(name, value));
  return [...words, ...flags].map((word) => ` ${word}`).join('');
}

const isPlain = (value: unknown) => ['string', 'number', 'boolean'].includes(typeof value);
/** A switch takes no value. */
function flagWith(name: string, value: unknown): string {
  if (typeof value === 'boolean') return value ? flagOf(name) : flagOf(`no-${name}`);
  return `${flagOf(name)} ${shellWord(String(value))}`;
}

/** Of an input, as the CLI takes it. */
export const flagOf = (name: string) => `--${kebabCase(name)}`;

/** A call of `seed`: the words it was given, where they begin with a command. */
function seedLine(input: Record<string, unknown>, commands: readonly ToldCommand[]): string {
  const given = Object.values(input).flatMap((value) => (Array.isArray(value) ? value : [value]));
  const line = given
    .filter((value) => typeof value === 'string')
    .join(' ')
    .trim()
    .replace(/^seed\s+/, '');
  const isCommand = commands.some(({ name }) => line === name || line.startsWith(`${name} `));
  if (isCommand && !line.includes('\n')) return `seed ${line}`;
  return commands.length === 1 ? `seed ${commands[0]?.name}` : 'seed --help';
}

/** The text parts of a message or of a tool's result. */
export function textOf(message: { content?: unknown }): string {
  if (!Array.isArray(message.content)) return '';
  return message.content
    .filter((part): part is { type: 'text'; text: string } => isRecord(part) && part['type'] === 'text')
    .map(({ text }) => text)
    .join('');
}
