// The task object, its statuses and the body that starts one.
import { z } from 'zod';
import { Budget, Used } from './budget.ts';
import { COST_SOURCES } from './cost-source.ts';
import { TaskCredentials } from './credential.ts';
import { TASK_ERROR_CODES } from './errors.ts';
import { GivenFiles, KeptFile } from './file.ts';
import { toldGrants } from './grant.ts';
import { GivenKeep, Keep, KeptWorkspace } from './keep.ts';
import { LIMITS } from './limits.ts';
import { Metadata } from './metadata.ts';
import { NOT_BLANK } from './one-of-fields.ts';
import { AnswerSchema } from './output.ts';
import { pageInput } from './page.ts';
import { Resources, Usage } from './resources.ts';
import { Scope, Scopes } from './scope.ts';
import {
  Instruction,
  ParameterValues,
  TemplateReference,
  Timeout,
  taskSettings,
  UsedTemplate,
} from './template.ts';
import { utf8Length } from './text.ts';
import { Moment } from './time.ts';
import { GivenUploads } from './upload.ts';
import { WebhookUrl } from './webhook.ts';

export const TaskStatus = z
  .enum(['queued', 'running', 'waiting_for_approval', 'completed', 'failed', 'timed_out', 'stopped'])
  .meta({ id: 'TaskStatus' });
export type TaskStatus = z.infer<typeof TaskStatus>;

export const TaskPhase = z.enum(['starting', 'working', 'finishing']);
export type TaskPhase = z.infer<typeof TaskPhase>;

export const TaskError = z.object({ code: z.enum(TASK_ERROR_CODES), message: z.string() });
export type TaskError = z.infer<typeof TaskError>;

export const RunTaskBody = z
  .object({
    instruction: Instruction.optional().describe('What to do, in plain language; or else a template'),
    template: TemplateReference.optional().describe(
      'Instead of an instruction: the name of a template, or name@version',
    ),
    parameters: ParameterValues.optional().describe("What the template's {{…}} are, by their names"),
    scopes: Scopes.optional().describe(
      "What the agent may do, at most what the key may; omitted: the template's, or all of the key's",
    ),
    timeout: Timeout.optional().describe(
      `Milliseconds until the task is killed, ${LIMITS.timeoutMinMs} to ${LIMITS.timeoutMaxMs}; omitted: ${LIMITS.timeoutDefaultMs}, or what the template says`,
    ),
    ...taskSettings,
    files: GivenFiles.default([]).describe('Files that the agent finds in /workspace/in, read-only'),
    uploads: GivenUploads.default([]).describe('Further such files, which the store has already (tasks upload)'),
    credentials: TaskCredentials.default({}).describe(
      'By pack, your own credential for its platform; kept outside the sandbox, and gone when the task has ended',
    ),
    keep: GivenKeep.optional().describe(
      'What it leaves behind for a task that goes on from it; omitted: what was said',
    ),
    metadata: Metadata.default({}).describe('Your own labels, kept with the task'),
    webhookUrl: WebhookUrl.optional().describe(
      "Hears of this task's events, signed with the account's default secret; a task needs webhooks:write for it",
    ),
  })
  .meta({
    oneOf: [{ required: ['instruction'] }, { required: ['template'] }],
    dependentRequired: { parameters: ['template'] },
  });
export type RunTaskBody = z.infer<typeof RunTaskBody>;

/** What a continuation may say for itself; the rest is as it was for the task that it goes on from. */
export const ContinueTaskBody = RunTaskBody.omit({
  ...{ approval: true, loop: true, timeout: true, template: true, parameters: true },
}).extend({
  instruction: Instruction.describe('What to do next, in plain language'),
  id: z.uuid().describe('Id of the task to go on from, the last one of its conversation'),
  timeout: Timeout.optional().describe("Milliseconds until the task is killed; omitted: as that one's"),
  scopes: Scopes.optional().describe('What the agent may do, at most what that one could; omitted: as much'),
  keep: GivenKeep.optional().describe('What it leaves behind for the next one; omitted: as that one did'),
  limits: RunTaskBody.shape.limits.describe('What its scopes may do besides the limits of that one'),
});
export type ContinueTaskBody = z.infer<typeof ContinueTaskBody>;

const MESSAGE_TOO_LONG = `the message is longer than ${LIMITS.instructionBytes} bytes`;

export const SendMessageBody = z.object({
  id: z.uuid().describe('Id of the task'),
  text: z
    .string()
    .max(LIMITS.instructionBytes, MESSAGE_TOO_LONG)
    .refine((text) => text.trim() !== '', 'the message is empty')
    .refine((text) => utf8Length(text) <= LIMITS.instructionBytes, { message: MESSAGE_TOO_LONG })
    .meta({ minLength: 1, ...NOT_BLANK })
    .describe('What its agent is to know, in plain language'),
});

export const TaskMessage = z
  .object({
    id: z.uuid(),
    taskId: z.uuid(),
    text: z.string(),
    createdAt: z.iso.datetime(),
    note: z.string().describe('When its agent reads it'),
  })
  .meta({ id: 'TaskMessage' });
export type TaskMessage = z.infer<typeof TaskMessage>;

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
    output: AnswerSchema.nullable().describe('The answer as a value that fits the schema it was asked for by'),
    outputAttempts: z
      .number()
      .int()
      .nullable()
      .describe('How often the agent has given one; null: none was asked for'),
    outputError: z.string().nullable().describe('What was wrong with the last one, where none was taken'),
    createdAt: z.iso.datetime(),
    completedAt: z.iso.datetime().nullable().describe('When it reached its terminal status'),
    forgottenAt: z.iso
      .datetime()
      .nullable()
      .describe('Since when nothing of what was said in it is kept: what is left is for the bill and the ledger'),
    instruction: z.string(),
    template: UsedTemplate.nullable().describe('What it was started from'),
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
    continues: z.uuid().nullable().describe('The task that it goes on from; null: it begins a conversation'),
    conversationId: z.uuid().describe('The first task of its conversation: its own id where it begins one'),
    batch: z
      .object({ id: z.uuid(), row: z.number().int() })
      .nullable()
      .describe('The batch that it is of, and its row there'),
    notes: z
      .array(z.string())
      .describe('What it lacks of what was before, or finds changed; its agent is told the same'),
    keep: Keep.nullable().describe('What it leaves behind; null: what was said alone'),
    workspace: KeptWorkspace.nullable().describe(
      'What is kept of /workspace: what it found there, until it has left its own',
    ),
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
  conversationId: z.uuid().optional().describe('Only tasks of this conversation'),
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
