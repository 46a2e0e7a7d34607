// The task object, its statuses and the body that starts one.
import { z } from 'zod';
import { Budget, Used, WantedBudget } from './budget.ts';
import { COST_SOURCES } from './cost-source.ts';
import { TaskCredentials } from './credential.ts';
import { TASK_ERROR_CODES } from './errors.ts';
import { GivenFiles, KeptFile } from './file.ts';
import { givenGrants, toldGrants } from './grant.ts';
import { LIMITS } from './limits.ts';
import { Metadata } from './metadata.ts';
import { NOT_BLANK } from './one-of-fields.ts';
import { pageInput } from './page.ts';
import { Resources, Usage, WantedResources } from './resources.ts';
import { Scope, Scopes } from './scope.ts';
import { utf8Length } from './text.ts';
import { Moment } from './time.ts';
import { WebhookUrl } from './webhook.ts';

export const TaskStatus = z
  .enum(['queued', 'running', 'waiting_for_approval', 'completed', 'failed', 'timed_out', 'stopped'])
  .meta({ id: 'TaskStatus' });
export type TaskStatus = z.infer<typeof TaskStatus>;

export const TaskPhase = z.enum(['starting', 'working', 'finishing']);
export type TaskPhase = z.infer<typeof TaskPhase>;

export const TaskError = z.object({ code: z.enum(TASK_ERROR_CODES), message: z.string() });
export type TaskError = z.infer<typeof TaskError>;

const TOO_LONG = `the instruction is longer than ${LIMITS.instructionBytes} bytes`;

export const RunTaskBody = z.object({
  instruction: z
    .string()
    .max(LIMITS.instructionBytes, TOO_LONG)
    .refine((text) => text.trim() !== '', 'the instruction is empty')
    .refine((text) => utf8Length(text) <= LIMITS.instructionBytes, { message: TOO_LONG })
    .meta({ minLength: 1, ...NOT_BLANK, description: 'What to do, in plain language' }),
  scopes: Scopes.optional().describe('What the agent may do, at most what the key may; omitted: all of it'),
  timeout: z
    .number()
    .int()
    .min(LIMITS.timeoutMinMs, `timeout is at least ${LIMITS.timeoutMinMs} ms`)
    .max(LIMITS.timeoutMaxMs, `timeout is at most ${LIMITS.timeoutMaxMs} ms`)
    .default(LIMITS.timeoutDefaultMs)
    .describe(`Milliseconds until the task is killed, ${LIMITS.timeoutMinMs} to ${LIMITS.timeoutMaxMs}`),
  resources: WantedResources.optional().describe(
    "What the sandbox may have, up to the server's maxima; omitted: the server's defaults",
  ),
  budget: WantedBudget.optional().describe(
    'What it and the tasks that it starts may use: tokens, usd, calls; omitted: not limited',
  ),
  ...givenGrants,
  model: z
    .string()
    .min(1)
    .max(200)
    .meta({ examples: ['scripted'] })
    .optional()
    .describe("The model to use, and no other; omitted: the key's defaults, or the account's, or the server's"),
  models: z
    .array(z.string().min(1).max(200))
    .min(1)
    .max(LIMITS.llmModels)
    .meta({ examples: [['scripted']] })
    .optional()
    .describe(
      'Instead of model: several in the order in which they are asked, each when those before it cannot answer',
    ),
  files: GivenFiles.default([]).describe('Files that the agent finds in /workspace/in, read-only'),
  credentials: TaskCredentials.default({}).describe(
    'By pack, your own credential for its platform; kept outside the sandbox, and gone when the task has ended',
  ),
  metadata: Metadata.default({}).describe('Your own labels, kept with the task'),
  webhookUrl: WebhookUrl.optional().describe(
    "Hears of this task's events, signed with the account's default secret; a task needs webhooks:write for it",
  ),
});
export type RunTaskBody = z.infer<typeof RunTaskBody>;

const scopes = z.array(Scope);
const Money = z.number().nonnegative();
const Milliseconds = z.number().int().nonnegative().nullable();

export const Task = z
  .object({
    id: z.uuid(),
    status: TaskStatus,
    stdout: z.string().nullable().describe("The agent's final answer"),
    stderr: z.string().nullable().describe("The agent's diagnostics"),
    exitCode: z.number().int().nullable(),
    inputTokens: z.number().int().nonnegative(),
    outputTokens: z.number().int().nonnegative(),
    createdAt: z.iso.datetime(),
    completedAt: z.iso.datetime().nullable().describe('When it reached its terminal status'),
    instruction: z.string(),
    scopes: z.object({ requested: scopes.nullable(), effective: scopes, denied: scopes }),
    timeout: z.number().int().describe('Milliseconds'),
    model: z.string(),
    fallbackModels: z.array(z.string()).describe('Asked in this order when `model` cannot answer'),
    modelNote: z.string().nullable().describe('That `scripted` is no language model, where it is one of these'),
    resources: Resources.describe('What its sandbox may have'),
    usage: Usage.nullable().describe('What its sandbox used, once it has ended'),
    budget: Budget.nullable().describe('What it and the tasks that it starts may use'),
    used: Used.describe(
      'What counts towards the budget: its own model calls and sandbox, and those of the tasks it started',
    ),
    ...toldGrants,
    risks: z
      .array(z.string())
      .describe('What whoever posts it should know, such as that nobody could approve its calls'),
    phase: TaskPhase.nullable(),
    statusNote: z.string().nullable().describe('Why it waits, where there is something to say'),
    error: TaskError.nullable(),
    cost: z.object({ compute: Money, llm: Money, total: Money, currency: z.literal('USD') }),
    costSource: z
      .enum(COST_SOURCES)
      .describe('Where `cost.llm` is from: that of the least certain of its model calls'),
    startedAt: z.iso.datetime().nullable(),
    deadline: z.iso.datetime().nullable().describe('When it is killed, once a runner has taken it'),
    queuedMs: Milliseconds.describe('From acceptance to lease'),
    startMs: Milliseconds.describe("From lease to the agent's first step"),
    runMs: Milliseconds.describe("From the agent's first step to the end"),
    waitMs: z.number().int().describe('How long it may wait for people in all; 0: nothing that it does asks'),
    waitedMs: z
      .number()
      .int()
      .describe('How long it has waited for people, and its time-out stood, but for a wait that goes on'),
    keyId: z.uuid(),
    parentTaskId: z.uuid().nullable(),
    files: z.array(KeptFile).describe('What it was given'),
    artifacts: z.array(KeptFile).describe('What its agent left in /workspace/out'),
    metadata: z.record(z.string(), z.string()),
  })
  .meta({ id: 'Task' });
export type Task = z.infer<typeof Task>;

/** Which tasks a list is to show. */
export const TaskFilter = z.object({
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
});
export type TaskFilter = z.infer<typeof TaskFilter>;
