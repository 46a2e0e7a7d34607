// After a task was started: shows its steps until it ends, then prints its answer. Used by run.ts.
import { escapeJson, isRecord } from '../lib/json.ts';
import { costNote } from '../protocol/cost-source.ts';
import { SeedError } from '../protocol/errors.ts';
import type { TaskEvent } from '../protocol/event.ts';
import type { Manifest, ManifestCommand } from '../protocol/manifest.ts';
import type { Task } from '../protocol/task.ts';
import { parseAnswer, printJson } from './answer-view.ts';
import type { Api } from './api.ts';
import { createEventView } from './event-view.ts';
import { EXIT, type Io } from './io.ts';
import { isTaskEvent, streamItems } from './stream.ts';
import { paintStatus, sanitise, sanitiseLine, styleFor } from './terminal.ts';

interface Followed {
  taskId: string;
  /** What the answer said: its status, and why it waits where there is something to say. */
  status: string;
  note: string | null;
  /** What there is to know of its model. */
  modelNote: string | null;
  /** `tasks events` */
  stream: ManifestCommand;
  /** `tasks get` */
  get: ManifestCommand;
}

/** How often the stream is opened again when it ended properly although the task goes on. */
const EARLY_ENDS_MOST = 20;
const EARLY_END_PAUSE_MS = 500;

/** What to follow after this answer; null when it names no task or the key may not watch it. */
export function followedBy(manifest: Manifest, command: ManifestCommand, answer: unknown): Followed | null {
  const task = isRecord(answer) && isRecord(answer['task']) ? answer['task'] : null;
  const noun = command.follow?.split(' ')[0];
  const stream = manifest.commands.find(({ name }) => name === command.follow);
  const get = manifest.commands.find(({ name }) => name === `${noun} get`);
  if (typeof task?.['id'] !== 'string' || !stream || !get) return null;
  const text = (field: string) => (typeof task[field] === 'string' ? task[field] : null);
  const [note, modelNote] = [text('statusNote'), text('modelNote')];
  return { taskId: task['id'], status: String(task['status']), note, modelNote, stream, get };
}

/** Follows to the end and returns the exit code. Ctrl-C leaves the task running and returns 130. */
export async function followTask(
  io: Io,
  api: Api,
  followed: Followed,
  options: { json: boolean; quiet: boolean },
): Promise<number> {
  const interruption = new AbortController();
  const withdraw = io.onInterrupt(() => interruption.abort());
  if (!options.quiet) io.stderr.write(`${beginning(io, followed)}\n`);
  try {
    const text = await watchToEnd({ io, api, quiet: options.quiet, signal: interruption.signal }, followed);
    return printOutcome(io, text, options);
  } catch (error) {
    if (!interruption.signal.aborted) throw stillRunning(error, followed);
    io.stderr.write(`\nDetached: the task goes on.\n${howToGoOn(followed)}\n`);
    return EXIT.interrupted;
  } finally {
    withdraw();
  }
}

/** Shows the events as they come; returns the JSON text of the ended task. */
export async function watchToEnd(
  { io, api, quiet, signal }: { io: Io; api: Api; quiet: boolean; signal: AbortSignal },
  { taskId, stream, get }: Followed,
): Promise<string> {
  const view = createEventView(styleFor(io.stderr, io));
  const position: { seq: number | null } = { seq: null };
  const call = { io, api, command: stream, input: pathInput(stream, taskId) };
  // The agent's last words are its answer, which goes to stdout: they are shown here only if more follows.
  let held = '';
  const show = (event: TaskEvent) => {
    const text = view(event);
    if (event.type === 'status') return io.stderr.write(text);
    io.stderr.write(event.type === 'text' ? held : held + text);
    held = event.type === 'text' ? text : '';
  };
  for (let ends = 0; ends <= EARLY_ENDS_MOST; ends++) {
    for await (const { item } of streamItems(call, position, signal)) {
      if (!quiet && isTaskEvent(item)) show(item);
    }
    signal.throwIfAborted();
    const text = await api.call(get, pathInput(get, taskId));
    if (taskOf(text).completedAt !== null) return text;
    await io.wait(EARLY_END_PAUSE_MS);
  }
  throw new SeedError('unavailable', `the stream of task ${taskId} kept ending before the task did`);
}

function beginning(io: Io, { taskId, status, note, modelNote }: Followed): string {
  const style = styleFor(io.stderr, io);
  const why = note === null ? '' : `: ${sanitiseLine(note)}`;
  const about = modelNote === null ? '' : `\n${style.dim(sanitiseLine(modelNote))}`;
  return `${style.dim(`task ${sanitiseLine(taskId)}`)} ${sanitiseLine(status)}${why}${about}`;
}

function printOutcome(io: Io, text: string, { json, quiet }: { json: boolean; quiet: boolean }): number {
  const task = taskOf(text);
  const isCompleted = task.status === 'completed';
  if (json) printJson(io, text, parseAnswer(text));
  else if (task.output) {
    // What is piped on is the value alone.
    if (!quiet && task.stdout) io.stderr.write(`${sanitise(task.stdout).trimEnd()}\n`);
    io.stdout.write(`${escapeJson(JSON.stringify(task.output, null, 2))}\n`);
  } else if (task.stdout) io.stdout.write(`${sanitise(task.stdout).trimEnd()}\n`);
  if (!quiet && isCompleted) io.stderr.write(`${summary(io, task)}\n`);
  if (isCompleted) return EXIT.ok;
  const why = task.error?.message ? `: ${sanitiseLine(task.error.message)}` : '';
  io.stderr.write(`seed: task ${sanitiseLine(task.id)} ${sanitiseLine(task.status).replace('_', ' ')}${why}\n`);
  return EXIT.taskNotCompleted;
}

function summary(io: Io, task: Task): string {
  const style = styleFor(io.stderr, io);
  const seconds = ((task.startMs ?? 0) + (task.runMs ?? 0)) / 1000;
  const cost = task.cost ? [`${amountText(task.cost.total)} ${sanitiseLine(task.cost.currency)}`] : [];
  const tokens = `${task.inputTokens} tokens in, ${task.outputTokens} out`;
  const parts = [`${seconds.toFixed(1)} s`, tokens, ...cost, costNote(task.costSource) ?? []].flat();
  return `${paintStatus('completed', style)} ${style.dim(`in ${parts.join(' · ')}`)}`;
}

export function taskOf(text: string): Task {
  const answer = parseAnswer(text);
  const task = isRecord(answer) && isRecord(answer['task']) ? answer['task'] : answer;
  if (isRecord(task) && typeof task['status'] === 'string' && 'completedAt' in task)
    return task as unknown as Task;
  throw new SeedError('unreachable', 'the server answered with something that is no task');
}

const pathInput = (command: ManifestCommand, taskId: string) => ({ [command.positional[0] ?? 'id']: taskId });

function howToGoOn({ taskId, stream, get }: Followed): string {
  const noun = get.name.split(' ')[0];
  return `Watch it:  seed ${stream.name} ${taskId}\nStop it:   seed ${noun} stop ${taskId}`;
}

/** Losing sight of a task does not end it: the error says how to find it again. */
function stillRunning(error: unknown, followed: Followed): unknown {
  if (!(error instanceof SeedError)) return error;
  return new SeedError(error.code, error.message, {
    hint: `${error.hint ?? ''} The task may go on: seed ${followed.get.name} ${followed.taskId}`.trim(),
    cause: error,
  });
}

/** Small sums are the usual ones: none of them shows as nothing. */
const amountText = (amount: number): string => (amount > 0 && amount < 0.0001 ? '< 0.0001' : amount.toFixed(4));
