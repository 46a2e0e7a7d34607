// Tasks: hand work to an agent, watch it, stop it.
import { z } from 'zod';
import { defineCommand, defineStream } from '../../command/define-command.ts';
import { TaskEvent } from '../../protocol/event.ts';
import { LedgerEntry } from '../../protocol/ledger.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { pageInput, pageOf } from '../../protocol/page.ts';
import { RunTaskBody, Task, TaskStatus } from '../../protocol/task.ts';
import { Moment } from '../../protocol/time.ts';

const TaskId = z.uuid().describe('Id of the task');
const AnsweredTask = z.object({ task: Task });

export const runTask = defineCommand({
  name: 'tasks run',
  summary: 'Start a task: an agent in a sandbox follows the instruction with the commands the scopes allow',
  http: 'POST /tasks/run',
  scope: 'tasks:write',
  effect: 'write',
  repeatable: true,
  input: RunTaskBody,
  output: AnsweredTask,
  successStatus: 202,
  creates: true,
  takesFiles: true,
  follow: 'tasks events',
  examples: [
    'seed tasks run --instruction "Check our API key inventory and revoke any expired ones" --timeout 60000',
    'seed tasks run "How many keys do we have?" --scopes keys:read',
    `seed tasks run "Tidy up our keys" --budget '{"calls": 20, "usd": 0.5}'`,
    'seed tasks run "Add up the amounts by customer" --file invoices.csv --file notes/rates.txt=rates.txt',
  ],
  run: async (input, ctx) => ({ task: await ctx.tasks.run(ctx.creationId, input, ctx.waitMs) }),
});

export const listTasks = defineCommand({
  name: 'tasks list',
  summary: 'List tasks, newest first',
  http: 'GET /tasks',
  scope: 'tasks:read',
  effect: 'read',
  input: z.object({
    status: TaskStatus.optional().describe('Only tasks of this status'),
    keyId: z.uuid().optional().describe('Only tasks that this key started'),
    parentTaskId: z.uuid().optional().describe('Only tasks that the agent of this task started'),
    createdAfter: Moment.optional().describe('Only tasks created after this time'),
    createdBefore: Moment.optional().describe('Only tasks created before this time'),
    q: z
      .string()
      .trim()
      .min(1)
      .max(LIMITS.nameLength)
      .optional()
      .describe(
        `Only tasks with this in their instruction; eight hexadecimal digits or more: whose id begins so. A page is made of ${LIMITS.searchedTasks} tasks, so it can be short or empty and have a nextCursor`,
      ),
    ...pageInput,
  }),
  output: pageOf(Task),
  columns: ['id', 'status', 'createdAt', 'runMs', 'model', 'instruction'],
  examples: [
    'seed tasks list --status running',
    'seed tasks list --q "key inventory"',
    'seed tasks list --limit 5 --json',
  ],
  run: (input, ctx) => ctx.tasks.list(input),
});

export const listLedger = defineCommand({
  name: 'tasks ledger',
  summary: 'List what the agent of a task did: every command it called, oldest first, and what it changed',
  http: 'GET /tasks/{id}/ledger',
  scope: 'tasks:read',
  effect: 'read',
  input: z.object({ id: TaskId, ...pageInput }),
  output: pageOf(LedgerEntry),
  columns: ['at', 'command', 'effect', 'outcome', 'status', 'code', 'durationMs', 'arguments'],
  examples: [
    'seed tasks ledger 56bcba9b-3f0e-4d5c-8a52-0d3d1c9a7e11',
    'seed tasks ledger 56bcba9b-3f0e-4d5c-8a52-0d3d1c9a7e11 --json',
  ],
  run: ({ id, ...page }, ctx) => ctx.tasks.ledger(id, page),
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
  run: async ({ id }, ctx) => ({ task: await ctx.tasks.get(id) }),
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
  run: async ({ id }, ctx) => ({ task: await ctx.tasks.stop(id) }),
});

export const taskEvents = defineStream({
  name: 'tasks events',
  summary: "Follow a task's events, from the first one to its end",
  http: 'GET /tasks/{id}/events',
  scope: 'tasks:read',
  effect: 'read',
  input: z.object({
    id: TaskId,
    after: z
      .number()
      .int()
      .min(0)
      .max(999_999_999)
      .default(0)
      .describe('Only events after this sequence number'),
    past: z.boolean().default(false).describe('Only what has happened so far; do not wait for more'),
    limit: z.number().int().min(1).max(LIMITS.eventsPerTask).optional().describe('At most so many events'),
  }),
  item: TaskEvent,
  examples: [
    'seed tasks events 56bcba9b-3f0e-4d5c-8a52-0d3d1c9a7e11',
    'seed tasks events 56bcba9b-3f0e-4d5c-8a52-0d3d1c9a7e11 --past --limit 100',
  ],
  stream: async ({ id, after, past, limit }, ctx) =>
    positioned(await ctx.tasks.events(id, after, past), limit),
});

async function* positioned(events: AsyncIterable<TaskEvent>, limit = Number.POSITIVE_INFINITY) {
  let given = 0;
  for await (const event of events) {
    yield { id: event.seq, item: event };
    given += 1;
    if (given >= limit) return;
  }
}
