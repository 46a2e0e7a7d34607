// One run of the agent: the instruction in, events while it works, the outcome as a GuestResult.
import type { AgentSession, AgentSessionEvent } from '@earendil-works/pi-coding-agent';
import { isRecord, parseJson } from '../lib/json.ts';
import type { TaskErrorCode } from '../protocol/errors.ts';
import type { GuestResult } from '../protocol/guest.ts';
import { LIMITS } from '../protocol/limits.ts';
import type { ToldCommand } from '../protocol/manifest.ts';
import { cutMiddle } from '../protocol/text.ts';
import type { EventQueue } from './event-queue.ts';
import { FINISH, isHandedIn, UNREADABLE_ANSWER } from './finish-tool.ts';
import type { LlmWatch } from './llm-watch.ts';
import type { Messages } from './messages.ts';
import type { OutputDesk } from './output-desk.ts';
import { countReminders, type Done, reminderFor, UNREADABLE, writtenCallReminder } from './reminder.ts';
import { type ToolAnswers, textOf } from './tool-answers.ts';

type MessageEnd = Extract<AgentSessionEvent, { type: 'message_end' }>;
type CompactionEnd = Extract<AgentSessionEvent, { type: 'compaction_end' }>;
type CompactionResult = NonNullable<CompactionEnd['result']>;
type AssistantMessage = Extract<MessageEnd['message'], { role: 'assistant' }>;
type Failure = NonNullable<GuestResult['error']>;

export interface AgentRun {
  session: AgentSession;
  instruction: string;
  events: EventQueue;
  llm: LlmWatch;
  answers: ToolAnswers;
  messages: Messages;
  /** Those that the task may call. */
  commands: readonly ToldCommand[];
  /** Where the answer is to be a value. */
  output: AgentOutput | null;
}

export interface AgentOutput {
  desk: OutputDesk;
  /** What a model is told that has not handed it in. */
  reminder: string;
  /** Told of the names of the tools that a message calls, before its calls are made. */
  called(names: readonly string[]): void;
}

type Diagnose = (text: string) => void;

/** Never rejects because of the agent: whatever went wrong with it is in the result. */
export async function runAgent(run: AgentRun): Promise<GuestResult> {
  const { session, instruction, events, llm, output } = run;
  const diagnostics: string[] = [];
  const diagnose = (text: string) => {
    diagnostics.push(text);
    events.push({ type: 'diagnostic', text });
  };
  let last: AssistantMessage | null = null;
  let done: Done = { calls: 0, lastFailed: false };
  const unsubscribe = session.subscribe((event) => {
    if (event.type === 'message_end' && event.message.role === 'assistant') last = event.message;
    if (event.type === 'tool_execution_end') done = { calls: done.calls + 1, lastFailed: event.isError };
    report(event, run, diagnose);
  });
  // Once its answer is taken as a value nothing is read any more.
  const late = async () => (answerOf(last, llm) === null || output?.desk.isOver() ? null : run.messages.late());
  const answerLate = async () => {
    for (let text = await late(); text !== null; text = await late())
      await session.prompt(text, { expandPromptTemplates: false });
  };
  let failure: Failure | null;
  try {
    await session.prompt(instruction, { expandPromptTemplates: false });
    await answerLate();
    const mayRemind = countReminders();
    const reminder = () => {
      const ownAnswer = answerOf(last, llm);
      if (ownAnswer === null || output?.desk.isOver()) return null;
      const due = reminderFor(ownAnswer, done, session, run.commands);
      return due !== null && mayRemind(due, done) ? due : null;
    };
    for (let due = reminder(); due !== null; due = reminder()) {
      diagnose(due.why);
      await session.prompt(due.text, { expandPromptTemplates: false });
      await answerLate();
    }
    if (output && !output.desk.isOver() && hasEnded(last, llm)) {
      await remindOfOutput(run, output, diagnose);
      await takeFromText(last, output, session);
    }
    const isTaken = typeof output?.desk.taken() === 'string';
    failure = isTaken ? null : judge(last, llm, diagnose);
    if (failure === null && !isTaken && isWrittenCall(last, run)) failure = UNREADABLE;
    if (output) failure = failureOfOutput(output.desk, { failure, hasEnded: hasEnded(last, llm) });
  } catch (error) {
    failure = { code: 'agent_failed', message: `the agent stopped: ${(error as Error).message}` };
  } finally {
    unsubscribe();
  }
  if (failure !== null) diagnose(failure.message);
  const answer = last === null || (failure !== null && isWrittenCall(last, run)) ? '' : textOf(last);
  const taken = output?.desk.taken() ?? null;
  return {
    stdout: answer === '' ? null : cutMiddle(answer, LIMITS.stdoutBytes),
    stderr: diagnostics.length === 0 ? null : cutMiddle(diagnostics.join('\n'), LIMITS.stderrBytes),
    exitCode: failure === null ? 0 : 1,
    error: failure,
    ...(taken !== null && { output: taken }),
  };
}

/** The text of a message that ended by itself and was no refusal. */
function answerOf(last: AssistantMessage | null, llm: LlmWatch): string | null {
  return last?.stopReason === 'stop' && llm.refusal() === '' ? textOf(last) : null;
}

/** By itself, with an answer or without one, and not by refusing it. */
function hasEnded(last: AssistantMessage | null, llm: LlmWatch): boolean {
  if (last === null || last.rawStopReason === 'content_filter') return false;
  return (last.stopReason === 'stop' || last.stopReason === 'length') && llm.refusal() === '';
}

/** With no other tool, where there is one for it. */
async function remindOfOutput(
  { session }: AgentRun,
  { reminder }: AgentOutput,
  diagnose: Diagnose,
): Promise<void> {
  diagnose('the model gave no answer as a value, and was told so');
  if (session.getActiveToolNames().includes(FINISH)) session.setActiveToolsByName([FINISH]);
  await session.prompt(reminder, { expandPromptTemplates: false });
}

/**
 * What a small model writes when it is told to give it, and nothing else, is what it was to run the command
 * with.
 */
async function takeFromText(
  last: AssistantMessage | null,
  { desk }: AgentOutput,
  session: AgentSession,
): Promise<void> {
  if (desk.isOver() || last?.stopReason !== 'stop' || session.getActiveToolNames().join() !== 'bash') return;
  const text = /^\s*(?:```(?:json)?\s*\n)?(\{[\s\S]*\})\s*(?:```\s*)?$/.exec(textOf(last))?.[1];
  if (text !== undefined && isRecord(parseJson(text))) await desk.give({ text });
}

/**
 * Why there is no answer as a value. What went wrong beside it, such as a model that cannot be reached, goes
 * first.
 */
function failureOfOutput(desk: OutputDesk, run: { failure: Failure | null; hasEnded: boolean }): Failure | null {
  const { failure } = run;
  if (desk.taken() !== null) return null;
  if (failure !== null && !(run.hasEnded && OF_THE_ANSWER.includes(failure.code)) && !desk.isOver())
    return failure;
  const problem = desk.problem();
  const why = problem === null ? 'it gave none, also after it was told so' : `the last that it gave: ${problem}`;
  return { code: 'output_invalid', message: `the agent gave no answer that fits its schema: ${why}` };
}

const OF_THE_ANSWER: readonly TaskErrorCode[] = ['no_answer', 'tool_call_unreadable'];

function isWrittenCall(last: AssistantMessage | null, { session, commands }: AgentRun): boolean {
  return last?.stopReason === 'stop' && writtenCallReminder(textOf(last), session, commands) !== null;
}

function report(event: AgentSessionEvent, run: AgentRun, diagnose: Diagnose): void {
  const { session, events, llm, answers } = run;
  if (event.type === 'message_end' && event.message.role === 'assistant') {
    const calls = event.message.content.filter((part) => part.type === 'toolCall');
    run.output?.called(calls.map(({ name }) => name));
    const text = textOf(event.message);
    if (text !== '') events.push({ type: 'text', text });
  } else if (event.type === 'tool_execution_start') {
    const { toolCallId: callId, toolName: tool, args } = event;
    const input = isRecord(args) ? args : { value: args };
    answers.called(callId, { tool, input });
    events.push({ type: 'tool_call', callId, tool, input });
  } else if (event.type === 'tool_execution_end') {
    const { toolCallId: callId, isError, result } = event;
    // Pi has answered for it: it did not come to be handed in.
    if (event.toolName === FINISH && !isHandedIn(result))
      void run.output?.desk.give({ problem: UNREADABLE_ANSWER }).catch(() => undefined);
    const sameness = isRecord(result?.details) ? result.details['sameness'] : undefined;
    const output = answers.answer(callId, textOf(result), {
      sameness: typeof sameness === 'string' ? sameness : undefined,
      isError,
    });
    events.push({ type: 'tool_result', callId, output, isError });
  } else if (event.type === 'auto_retry_start') {
    const why = llm.failure()?.message ?? event.errorMessage;
    diagnose(`the LLM failed (${why}); attempt ${event.attempt} of ${event.maxAttempts} to go on`);
  } else if (event.type === 'compaction_end') {
    diagnose(compacted(event, llm));
    if (event.result) events.push({ type: 'summary', ...summaryOf(session, event.result) });
  }
}

/** With how many entries of the conversation stay as they were said (protocol/conversation.ts). */
function summaryOf({ sessionManager }: AgentSession, { summary: text, firstKeptEntryId }: CompactionResult) {
  const branch = sessionManager.getBranch();
  const from = branch.findIndex(({ id }) => id === firstKeptEntryId);
  const kept = from === -1 ? [] : branch.slice(from);
  const keeps = kept.reduce((sum, entry) => sum + (entry.type === 'message' ? entriesOf(entry.message) : 0), 0);
  return { text, keeps };
}

function entriesOf(message: MessageEnd['message']): number {
  if (message.role !== 'assistant') return 1;
  const calls = message.content.filter(({ type }) => type === 'toolCall').length;
  return calls + (textOf(message) === '' ? 0 : 1);
}

function compacted({ result, errorMessage }: CompactionEnd, llm: LlmWatch): string {
  if (result)
    return `the conversation came near the model's context: ${result.tokensBefore} tokens were summarised`;
  return `the conversation could not be summarised: ${llm.failure()?.message ?? errorMessage ?? 'no reason was given'}`;
}

/** What the gateway says of a call that is a reason for a task to fail, too. */
const OF_THE_GATEWAY: readonly TaskErrorCode[] = ['llm_refused', 'context_too_long'];

function judge(last: AssistantMessage | null, llm: LlmWatch, diagnose: Diagnose): Failure | null {
  if (last === null) return { code: 'agent_failed', message: 'the agent ended without an answer' };
  if (last.rawStopReason === 'content_filter') {
    const words = llm.refusal();
    return noAnswer(words === '' ? "its service's content filter withheld it" : `it refused: ${words}`);
  }
  if (last.stopReason === 'error') {
    const { code = null, message = last.errorMessage ?? 'the LLM gave no reason' } = llm.failure() ?? {};
    const known = OF_THE_GATEWAY.find((one) => one === code) ?? 'llm_unavailable';
    return { code: known, message: `the LLM failed: ${message}` };
  }
  if (last.stopReason === 'aborted') return { code: 'agent_failed', message: 'the agent was aborted' };
  const refusal = llm.refusal();
  if (textOf(last).trim() === '') return noAnswer(whyEmpty(last, refusal));
  if (refusal !== '') diagnose(`the model refused: ${refusal}`);
  if (last.stopReason === 'length') diagnose('the answer was cut: the model reached its limit of output tokens');
  return null;
}

/** @param why continues "the model gave no answer: " */
const noAnswer = (why: string): Failure => ({ code: 'no_answer', message: `the model gave no answer: ${why}` });

function whyEmpty(last: AssistantMessage, refusal: string): string {
  if (refusal !== '') return `it refused: ${refusal}`;
  if (last.stopReason === 'length') return 'it reached its limit of output tokens before';
  if (last.content.some(({ type }) => type === 'thinking')) return 'it only thought';
  return 'its last message was empty';
}
