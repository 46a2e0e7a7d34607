// What a model is told whose last answer is none: a tool call written as text that nobody ran (the
// gateway makes a call of such a text where that is safe, so what comes here is not), how to do what it was to do,
// or nothing after a command. Called by run-agent.ts.
import type { AgentSession } from '@earendil-works/pi-coding-agent';
import { isNothingButCalls, writtenCalls } from '../lib/written-calls/written-calls.ts';
import type { GuestResult } from '../protocol/guest.ts';
import type { ToldCommand } from '../protocol/manifest.ts';
import { isCommandName } from './tool-answers.ts';

/** Said once; it quotes nothing, so that the call can still be made. */
const REMINDER =
  'Your last message was a tool call written as text, so nothing was run. If you still need it, make one call and write nothing else; otherwise answer in plain words.';

/** Mostly a quotation mark within the command; told so they wrote the same again, and with this single ones. */
const BROKEN_REMINDER =
  "Your last message was a tool call whose JSON cannot be read, so nothing was run. Make the call again with single quotes (') inside the command, and write nothing else.";
const IN_JSON = /^\s*(?:```\w*\s*)?\[?\s*\{/;

export const UNREADABLE: NonNullable<GuestResult['error']> = {
  code: 'tool_call_unreadable',
  message:
    'the model wrote a tool call as text instead of calling the tool, also after it was told so: nothing of it was run',
};

const COMMAND_REMINDER =
  'Your last message named a command as if it were a tool, and nothing was run. Commands are run by the tool bash: call it and write nothing else.';

/** What the agent did before its last message. */
export interface Done {
  calls: number;
  lastFailed: boolean;
}

/** Each is given once. A command in a tool's place is told of once more where something was run since. */
export type ReminderKind = 'call' | 'command' | 'empty' | 'told only';

export interface Reminder {
  kind: ReminderKind;
  /** For the model. It quotes nothing, so that a call can still be made of what it answers. */
  text: string;
  /** For the task's diagnostics. */
  why: string;
}

const AFTER_NOTHING =
  'Your last message was empty. Answer now in plain words what was asked for, or call a tool and write nothing else.';
const AFTER_FAILURE =
  'Your last message was empty, and the command before it failed. Call bash with a better command and write nothing else, or say in plain words why it cannot be done.';
/** Small models write next in the form of what they have read last: without it they answered, making it up. */
const CALL_FORM = JSON.stringify({ name: 'bash', arguments: { command: '<command>' } });
const NOTHING_RUN = `Nothing has been run: a command in a message is only text. If your answer needs none, give it again without a command. If it needs one, write nothing but the call of bash, as here:
${CALL_FORM}`;
/** A fence that holds commands, or says nothing of what it holds. */
const SHELL_FENCE = /^ {0,3}(```|~~~) *(?:sh|bash|shell|console|zsh)? *\n[\s\S]*?\S[\s\S]*?^ {0,3}\1/m;

/**
 * Null for an answer that stands.
 * @param answer the text of a message without calls, which ended by itself
 */
export function reminderFor(
  answer: string,
  { calls, lastFailed }: Done,
  session: Pick<AgentSession, 'getActiveToolNames'>,
  commands: readonly ToldCommand[],
): Reminder | null {
  const call = writtenCallReminder(answer, session, commands);
  if (call !== null) return call;
  // Bash alone is what small models get. They tell how it is done; of a large one that does, that was asked.
  if (session.getActiveToolNames().join() !== 'bash') return null;
  if (answer.trim() === '' && calls > 0)
    return {
      kind: 'empty',
      text: lastFailed ? AFTER_FAILURE : AFTER_NOTHING,
      why: 'the model said nothing, and was asked again',
    };
  if (calls === 0 && SHELL_FENCE.test(answer))
    return {
      kind: 'told only',
      text: NOTHING_RUN,
      why: 'the model only told which command to run, and was told so',
    };
  return null;
}

/** Of a task: whether a reminder may be given, which then counts as given. */
export function countReminders(): (reminder: Reminder, done: Done) => boolean {
  const given = new Map<ReminderKind, { times: number; calls: number }>();
  return ({ kind }, { calls }) => {
    const before = given.get(kind);
    const isAgain = before !== undefined && kind === 'command' && before.times === 1 && calls > before.calls;
    if (before !== undefined && !isAgain) return false;
    given.set(kind, { times: (before?.times ?? 0) + 1, calls });
    return true;
  };
}

/**
 * What to tell a model whose answer is a call of a tool, or of a command as if it were one, written as text; null
 * for every other answer.
 * @param answer the text of a message without calls
 */
export function writtenCallReminder(
  answer: string,
  session: Pick<AgentSession, 'getActiveToolNames'>,
  commands: readonly ToldCommand[],
): Reminder | null {
  const tools = session.getActiveToolNames().map((name) => ({ name, parameters: {} }));
  const why = 'the model wrote a tool call as text, and was told so';
  if (isNothingButCalls(answer, tools)) {
    const isBroken = writtenCalls(answer, tools) === null && IN_JSON.test(answer);
    return { kind: 'call', text: isBroken ? BROKEN_REMINDER : REMINDER, why };
  }
  const calls = writtenCalls(answer, []) ?? [];
  const areCommands = calls.length > 0 && calls.every(({ name }) => isCommandName(name, commands));
  return areCommands ? { kind: 'command', text: COMMAND_REMINDER, why } : null;
}
