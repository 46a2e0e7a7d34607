// Batches as callers see them, what one is made with, and what became of each of its rows.
import { z } from 'zod';
import { BATCH_LIMITS } from './batch-limits.ts';
import { Budget, Used, WantedBudget } from './budget.ts';
import { GivenFiles } from './file.ts';
import { keptText } from './kept-text.ts';
import { LIMITS } from './limits.ts';
import { pageInput } from './page.ts';
import { RunTaskBody, TaskStatus } from './task.ts';
import { utf8Length } from './text.ts';

const { batchRows, batchRowBytes, batchConcurrency, batchConcurrencyDefault } = BATCH_LIMITS;

/** By the names of its columns: text of a CSV file, any JSON where the rows are given so. */
export type RowInput = Record<string, unknown>;

const GivenRow = z.record(z.string().min(1).max(LIMITS.nameLength), z.unknown());

const Concurrency = z.number().int().min(1).max(batchConcurrency);

const { instruction, template, parameters, scopes } = RunTaskBody.shape;
const perTask = RunTaskBody.omit({ files: true, uploads: true, credentials: true, budget: true }).shape;

export const BatchCreation = z
  .object({
    ...perTask,
    instruction: instruction.describe(
      'What to do with each row, in plain language; {{name}} is what the row has in that column',
    ),
    template: template.describe('Instead of an instruction: the name of a template, or name@version'),
    parameters: parameters.describe("What is the same for all rows of the template's {{…}}, by their names"),
    scopes: scopes.describe(
      "What each agent may do, at most what the key may; omitted: the template's, or all of it",
    ),
    taskBudget: WantedBudget.optional().describe(
      'What each task may use: tokens, usd, calls; omitted: not limited',
    ),
    budget: WantedBudget.optional().describe(
      'What all tasks together may use: tokens, usd, calls; omitted: not limited',
    ),
    name: keptText.trim().min(1).max(LIMITS.nameLength).optional().describe('What it is called'),
    rows: z
      .array(GivenRow)
      .min(1)
      .max(batchRows, `a batch has at most ${batchRows} rows`)
      .meta({ examples: [[{ customer: 'Ada' }]] })
      .optional()
      .describe('The rows, an object each; or else one CSV or JSONL file in files'),
    files: GivenFiles.max(1, 'a batch takes one file, which has its rows')
      .default([])
      .describe('Instead of rows: one file that has them, .csv, .tsv or .jsonl'),
    delimiter: z
      .enum([',', ';', '\t', '|'])
      .optional()
      .describe('What stands between the cells of a CSV file; omitted: a comma, and of .tsv a tab'),
    attach: z
      .boolean()
      .optional()
      .describe(
        'Whether each task finds its row as /workspace/in/input.json; omitted: where no {{…}} takes of it',
      ),
    onInvalid: z
      .enum(['refuse', 'skip'])
      .default('refuse')
      .describe('When rows are invalid: nothing is made, or they alone start no task'),
    concurrency: Concurrency.default(batchConcurrencyDefault).describe('Tasks that may be unfinished at a time'),
  })
  .meta({
    oneOf: ['instruction', 'template'].flatMap((work) => [
      { required: [work, 'rows'] },
      { required: [work, 'files'], properties: { files: { minItems: 1 } } },
    ]),
    dependentRequired: { parameters: ['template'] },
  });
export type BatchCreation = z.output<typeof BatchCreation>;

/** What the tasks of a batch are posted with, as it is kept. */
export type BatchTask = Omit<z.output<typeof RunTaskBody>, 'files' | 'uploads' | 'credentials'>;

/** `paused` and `stopping` go on to `running` and `stopped`; `completed`: every row has ended. */
export const BatchStatus = z.enum(['running', 'paused', 'stopping', 'completed', 'stopped']);
export type BatchStatus = z.infer<typeof BatchStatus>;

/** Of a task, or `pending`: it has none yet; `invalid`: it never gets one. */
export const RowStatus = z.enum(['pending', 'invalid', ...TaskStatus.options]);
export type RowStatus = z.infer<typeof RowStatus>;

const Reason = z.object({ code: z.string(), message: z.string() });
export type BatchReason = z.infer<typeof Reason>;

const count = z.number().int().nonnegative();
const Time = z.iso.datetime();

export const BatchCounts = z.object({
  rows: count.describe('All of them'),
  pending: count.describe('That have no task yet'),
  queued: count,
  running: count,
  waitingForApproval: count,
  completed: count,
  failed: count,
  timedOut: count,
  stopped: count,
  invalid: count.describe('That never get a task'),
});
export type BatchCounts = z.infer<typeof BatchCounts>;

export const Batch = z
  .object({
    id: z.uuid(),
    name: z.string(),
    status: BatchStatus,
    pauseReason: Reason.nullable(),
    statusNote: z
      .string()
      .nullable()
      .describe('Why nothing starts at the moment, where there is something to say'),
    counts: BatchCounts,
    concurrency: z.number().int(),
    budget: Budget.nullable().describe('What all of its tasks together may use'),
    used: Used.describe('What they have used'),
    task: z.record(z.string(), z.unknown()).describe('What each task is posted with, but for what its row says'),
    attach: z.boolean().describe('Whether each task finds its row as /workspace/in/input.json'),
    columns: z.array(z.string()),
    source: z.string().nullable().describe('The file that the rows came in'),
    notes: z.array(z.string()).describe('What whoever made it should know, such as columns that nothing uses'),
    keyId: z.uuid().describe('The key whose authority its tasks have: that which made it, or last resumed it'),
    createdAt: Time,
    completedAt: Time.nullable(),
  })
  .meta({ id: 'Batch' });
export type Batch = z.infer<typeof Batch>;

export const BatchRow = z
  .object({
    number: z.number().int().describe('Its place, from 1'),
    status: RowStatus,
    input: z.record(z.string(), z.unknown()),
    taskId: z.uuid().nullable(),
    attempt: z.number().int(),
    earlierTasks: z.array(z.uuid()).describe('Those of the attempts before'),
    error: Reason.nullable().describe('Why it is invalid, could not be started or failed'),
    usd: z.number().nonnegative().nullable().describe('What its task has used, in US dollars'),
  })
  .meta({ id: 'BatchRow' });
export type BatchRow = z.infer<typeof BatchRow>;

/** A row with what came of it. */
export const BatchResult = z.object({
  ...BatchRow.shape,
  stdout: z.string().nullable(),
  output: z.unknown(),
  completedAt: Time.nullable(),
});
export type BatchResult = z.infer<typeof BatchResult>;

export const RESULT_FORMATS = ['csv', 'jsonl', 'json'] as const;
export type ResultFormat = (typeof RESULT_FORMATS)[number];

export const BatchFilter = z.object({
  status: BatchStatus.optional().describe('Only batches of this status'),
  ...pageInput,
});
export type BatchFilter = z.infer<typeof BatchFilter>;

/** Bytes of a row as they are counted. */
export const rowBytes = (input: RowInput): number => utf8Length(JSON.stringify(input));

export const ROW_TOO_LARGE = `it is larger than ${batchRowBytes} bytes`;

export const BatchChanges = z.object({
  concurrency: Concurrency.optional().describe('Tasks that may be unfinished at a time; omitted: as it was'),
  budget: WantedBudget.optional().describe(
    'What all tasks together may use, what they have used already counted; omitted: as it was',
  ),
});
export type BatchChanges = z.infer<typeof BatchChanges>;
