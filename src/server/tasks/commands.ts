// Tasks: hand work to an agent, watch it, stop it.
import { z } from 'zod';
import type { Call } from '../../command/call.ts';
import { defineCommand, defineStream } from '../../command/define-command.ts';
import { TaskEvent } from '../../protocol/event.ts';
import { LedgerEntry } from '../../protocol/ledger.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { notBoth } from '../../protocol/one-of-fields.ts';
import { pageInput, pageOf } from '../../protocol/page.ts';
import { RunTaskBody, Task, TaskFilter, type TaskStatus } from '../../protocol/task.ts';
import { listLedger as listCalls } from '../ledger/call-log.ts';
import { type AcceptNeeds, acceptOnce } from './accept.ts';
import { stopTask as stop } from './end.ts';
import { AnsweredTask, knownTask, type TaskCache } from './find.ts';
import { listTasks as list } from './list.ts';
import type { TaskLooks } from './looks.ts';
import { forgotten, getTaskProgress, noSuchTask } from './rows.ts';
import { waitForEnd, watchTask } from './watch.ts';

const TaskId = z.uuid().describe('Id of the task');

export interface TaskNeeds extends AcceptNeeds, TaskCache {
  looks: TaskLooks;
  /** Why a queued task waits, for a person; null when it is about to be taken. */
  queuedNote(): Promise<string | null>;
}

export const runTask = defineCommand({
  name: 'tasks run',
  summary: 'Start a task: an agent in a sandbox follows the instruction with the commands the scopes allow',
  http: 'POST /tasks/run',
  scope: 'tasks:write',
  effect: 'write',
  repeatable: true,
  input: RunTaskBody.meta(notBoth('model', 'models')),
  output: AnsweredTask,
  successStatus: 202,
  creates: true,
  takesFiles: true,
  follow: 'tasks events',
  examples: [
    'seed tasks run --instruction "Check our API key inventory and revoke any expired ones" --timeout 60000',
    'seed tasks run "How many keys do we have?" --scopes keys:read',
    `seed tasks run "Tidy up our keys" --budget '{"calls": 20, "usd": 0.5}'`,
    'seed tasks run --template seed.key-audit --timeout 120000',
    'seed tasks run "Add up the amounts by customer" --file invoices.csv --file notes/rates.txt=rates.txt',
  ],
  run: async (input, call, needs: TaskNeeds) => ({ task: await startTask(input, call, needs) }),
});

/** The task as it is accepted or, where the call is to wait for it, as it is by then. */
export async function startTask(input: RunTaskBody, call: Call, needs: TaskNeeds): Promise<Task> {
  const task = await acceptOnce(call, input, needs);
  if (call.waitMs === 0) return withNote(task, needs);
  await call.recordDone(task.id);
  return withNote(await waitForEnd(call, needs.find, task), needs);
}

export const listTasks = defineCommand({
  name: 'tasks list',
  summary: 'List tasks, newest first',
  http: 'GET /tasks',
  scope: 'tasks:read',
  effect: 'read',
  input: TaskFilter,
  output: pageOf(Task),
  columns: ['id', 'status', 'createdAt', 'runMs', 'model', 'instruction'],
  examples: ['seed tasks list --status running', 'seed tasks list --q "key inventory" --limit 5 --json'],
  run: async (input, { actor, store }, needs: TaskNeeds) => {
    const page = await list(store.db, actor.accountId, input);
    return { ...page, items: await withNotes(page.items, needs) };
  },
});

export const listLedger = defineCommand({
  name: 'tasks ledger',
  summary: 'List what the agent of a task did: every command it called, oldest first, and what it changed',
  http: 'GET /tasks/{id}/ledger',
  scope: 'tasks:read',
  effect: 'read',
  input: z.object({ id: TaskId, ...pageInput }),
  output: pageOf(LedgerEntry),
  columns: ['at', 'command', 'effect', 'outcome', 'decision', 'status', 'code', 'durationMs', 'arguments'],
  examples: [
    'seed tasks ledger 56bcba9b-3f0e-4d5c-8a52-0d3d1c9a7e11',
    'seed tasks ledger 56bcba9b-3f0e-4d5c-8a52-0d3d1c9a7e11 --json',
  ],
  run: async ({ id, ...page }, { actor, store }, { find }: TaskNeeds) => {
    const task = await knownTask(find, actor.accountId, id);
    return listCalls(store.db, actor.accountId, await getTaskProgress(store.db, task.id), page);
  },
});

export const getTask = defineCommand({
  name: 'tasks get',
  summary: 'Show a task: its status, answer, tokens and cost',
  http: 'GET /tasks/{id}',
  scope: 'tasks:read',
  effect: 'read',
  input: z.object({ id: TaskId }),
  output: AnsweredTask,
  examples: ['seed tasks get 56bcba9b-3f0e-4d5c-8a52-0d3d1c9a7e11'],
  run: async ({ id }, { actor }, needs: TaskNeeds) => {
    const { answer, task } = await needs.known(actor.accountId, id);
    return answer ?? { task: await withNote(task, needs) };
  },
});

export const stopTask = defineCommand({
  name: 'tasks stop',
  summary: 'Stop a task and kill its sandbox; a task that has ended stays as it is',
  http: 'POST /tasks/{id}/stop',
  scope: 'tasks:write',
  effect: 'destructive',
  repeatable: true,
  input: z.object({ id: TaskId }),
  output: AnsweredTask,
  examples: ['seed tasks stop 56bcba9b-3f0e-4d5c-8a52-0d3d1c9a7e11'],
  run: async ({ id }, { actor, store }) => {
    const task = await stop(store, actor.accountId, id);
    if (!task) throw noSuchTask(id);
    return { task };
  },
});

export const taskEvents = defineStream({
  name: 'tasks events',
  summary: "Follow a task's events, from the first one to its end",
  http: 'GET /tasks/{id}/events',
  scope: 'tasks:read',
  effect: 'read',
  input: z.object({
    id: TaskId,
    after: z.number().int().min(0).max(999_999_999).default(0).describe('Only events after this sequence number'),
    past: z.boolean().default(false).describe('Only what has happened so far; do not wait for more'),
    limit: z.number().int().min(1).max(LIMITS.eventsPerTask).optional().describe('At most so many events'),
  }),
  item: TaskEvent,
  examples: [
    'seed tasks events 56bcba9b-3f0e-4d5c-8a52-0d3d1c9a7e11',
    'seed tasks events 56bcba9b-3f0e-4d5c-8a52-0d3d1c9a7e11 --past --limit 100',
  ],
  stream: async ({ id, after, past, limit }, { actor, store, waiting }, { find, looks }: TaskNeeds) => {
    const task = await knownTask(find, actor.accountId, id);
    if (task.forgottenAt !== null) throw forgotten(task);
    const { signals } = store;
    return positioned(watchTask(task, { signals, looks, after, onlyPast: past, signal: waiting() }), limit);
  },
});

async function* positioned(events: AsyncIterable<TaskEvent>, limit = Number.POSITIVE_INFINITY) {
  let given = 0;
  for await (const event of events) {
    yield { id: event.seq, item: event };
    given += 1;
    if (given >= limit) return;
  }
}

/** Adds to a queued task why it waits. */
export async function withNote(task: Task, needs: TaskNeeds): Promise<Task> {
  return (await withNotes([task], needs))[0] ?? task;
}

const WAITS_FOR_PEOPLE =
  'Waits for a person to decide on what its agent asked for; its time-out stands meanwhile.';

/** It is the same note for all of a status. */
async function withNotes(tasks: Task[], { queuedNote }: TaskNeeds): Promise<Task[]> {
  const queued = tasks.some(({ status }) => status === 'queued') ? await queuedNote() : null;
  const notes: Partial<Record<TaskStatus, string | null>> = { queued, waiting_for_approval: WAITS_FOR_PEOPLE };
  return tasks.map((task) => ({ ...task, statusNote: notes[task.status] ?? null }));
}
