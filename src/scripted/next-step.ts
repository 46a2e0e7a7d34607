// What the model `scripted` does next: no language model, but a few fixed rules without network and key, so
// that demo and tests run anywhere. Like any model it decides from the messages of the request alone.
//   1. Fenced ```bash blocks in the instruction are run in order; the last one's output is the answer.
//   2. A playbook that recognises the instruction plays.
//   3. Where a task is to answer with a value, a fenced ```json block of the instruction is it, or else an answer
//      that is JSON of an object; the tool `finish` is called with it.
//   4. Anything else is answered with what it is and how to set a real model.
import { isRecord, parseJson } from '../lib/json.ts';
import { CONTINUED } from '../protocol/conversation.ts';
import { type Playbook, replay, type Step, type ToolResult } from './playbook.ts';

/** A message of a chat completion request, as far as it is looked at. */
export interface ChatMessage {
  role: string;
  content?: string | readonly Record<string, unknown>[] | null | undefined;
  [field: string]: unknown;
}

function whatItIs(playbooks: readonly Playbook[]): string {
  return [
    'The model `scripted` is not a language model and does not understand this instruction.',
    'It runs fenced ```bash blocks of an instruction one after the other, and it knows these instructions by heart:',
    ...playbooks.map(({ example }) => `- ${example}`),
    'For anything else, start the server with SEED_LLM_BASE_URL (and SEED_LLM_API_KEY) set to an OpenAI-compatible endpoint, or with OPENROUTER_API_KEY.',
  ].join('\n');
}

/** The next step of a conversation, for which its messages alone are asked. */
export function nextStep(messages: readonly ChatMessage[], playbooks: readonly Playbook[]): Step {
  const recognises = (text: string) => playbooks.some((playbook) => playbook.recognises(text));
  const { instruction, results } = readConversation(messages, recognises);
  const commands = fencedCommands(instruction);
  if (commands.length > 0) return nextFencedStep(commands, results);
  const playbook = playbooks.find((candidate) => candidate.recognises(instruction));
  if (playbook) return replay(playbook, instruction, results);
  return { kind: 'answer', text: whatItIs(playbooks) };
}

/** The text of a message; parts that are no text are left out. */
function textOf(message: ChatMessage): string {
  if (typeof message.content === 'string') return message.content;
  const parts = message.content ?? [];
  return parts.map((part) => (typeof part['text'] === 'string' ? part['text'] : '')).join('');
}

// Pi puts these at the end of a failed call's output; a chat completion message has no other sign of failure.
const EXIT_CODE = /(?:^|\n)Command exited with code (\d+)\s*$/;
const FAILED_OTHERWISE =
  /(?:^|\n)Command (?:aborted|timed out after [\d.]+ seconds|terminated without an exit code)\s*$|^(?:Working directory does not exist|Tool \S+ not found|Validation failed for tool)/;

function toResult(message: ChatMessage): ToolResult {
  const text = textOf(message);
  const exit = EXIT_CODE.exec(text);
  const exitCode = exit ? Number(exit[1]) : null;
  const marked = message['is_error'] === true || message['isError'] === true;
  const failed = marked || FAILED_OTHERWISE.test(text) || (exitCode !== null && exitCode !== 0);
  return { output: text.trimEnd(), exitCode, failed };
}

/**
 * The instruction is the newest user message that has something to do in it, or goes on from a task before; else
 * the first. Each tool message after it answers one call, in order.
 * @param recognises an instruction without blocks that is known by heart
 */
export function readConversation(
  messages: readonly ChatMessage[],
  recognises: (instruction: string) => boolean = () => false,
) {
  const isUsers = ({ role }: ChatMessage) => role === 'user';
  const newest = messages.findLastIndex((message) => {
    const text = isUsers(message) ? textOf(message) : '';
    return text.startsWith(CONTINUED) || fencedCommands(text).length > 0 || recognises(text);
  });
  const at = newest === -1 ? messages.findIndex(isUsers) : newest;
  const instruction = messages[at];
  const after = messages.slice(Math.max(at, 0));
  return {
    instruction: instruction ? textOf(instruction) : '',
    results: after.filter((message) => message.role === 'tool').map(toResult),
  };
}

const SHELLS: readonly string[] = ['bash', 'sh'];
const OPENING = /^ {0,3}(`{3,}|~{3,})[ \t]*([\w-]*)/;

interface Fence {
  mark: string;
  isWanted: boolean;
  lines: string[];
}

function closes(line: string, { mark }: Fence): boolean {
  const closing = line.trim();
  return closing.length >= mark.length && closing === mark.charAt(0).repeat(closing.length);
}

/**
 * The answer as a value, as JSON; null: it is none.
 * @param text the answer in words
 */
export function answerAsValue(messages: readonly ChatMessage[], text: string): string | null {
  const [given] = fenced(readConversation(messages).instruction, ['json']);
  const json = given ?? text;
  return isRecord(parseJson(json)) ? json : null;
}

/** The contents of all ```bash and ```sh blocks that are closed and not empty; other blocks are skipped whole. */
export const fencedCommands = (instruction: string): string[] => fenced(instruction, SHELLS);

function fenced(instruction: string, languages: readonly string[]): string[] {
  const contents: string[] = [];
  let fence: Fence | null = null;
  for (const line of instruction.split(/\r?\n/)) {
    if (fence === null) {
      const [, mark, language] = OPENING.exec(line) ?? [];
      if (mark) fence = { mark, isWanted: languages.includes(language ?? ''), lines: [] };
    } else if (!closes(line, fence)) {
      fence.lines.push(line);
    } else {
      const content = fence.lines.join('\n');
      if (fence.isWanted && content.trim() !== '') contents.push(content);
      fence = null;
    }
  }
  return contents;
}

/** The next command, or the output of the first failed or else the last one as the answer. */
export function nextFencedStep(commands: readonly string[], results: readonly ToolResult[]): Step {
  const failed = results.slice(0, commands.length).find((result) => result.failed);
  const next = commands[results.length];
  if (failed === undefined && next !== undefined) return { kind: 'bash', command: next };
  const last = failed ?? results[commands.length - 1];
  return { kind: 'answer', text: last?.output || '(no output)' };
}
