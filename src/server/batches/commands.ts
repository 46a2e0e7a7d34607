// Batches: one instruction, many inputs, a task for each, and what came of all of them.
import { z } from 'zod';
import { defineCommand, defineFile, defineStream } from '../../command/define-command.ts';
import {
  Batch,
  BatchChanges,
  BatchCreation,
  BatchFilter,
  BatchRow,
  RESULT_FORMATS,
  RowStatus,
} from '../../protocol/batch.ts';
import { notBoth } from '../../protocol/one-of-fields.ts';
import { orderedPageInput, pageOf } from '../../protocol/page.ts';
import * as batches from './change.ts';
import { create } from './make.ts';
import { resultsFile } from './results.ts';
import { findBatch, findBatches, findRows, toBatch } from './rows.ts';
import { watchBatch } from './watch.ts';
import type { BatchNeeds } from './work.ts';

export type { BatchNeeds };

const id = z.uuid().describe('Id of the batch');
const OneBatch = z.object({ batch: Batch });
const EXAMPLE = '7d0c9a3e-2b41-4f6a-9c58-1e2f3a4b5c6d';

export const runBatch = defineCommand({
  name: 'tasks batch',
  summary: 'Start a task for every row of a list or of a CSV file, some at a time, within one budget',
  http: 'POST /tasks/batch',
  scope: 'tasks:write',
  effect: 'write',
  transactional: true,
  creates: true,
  takesFiles: true,
  follow: 'batches watch',
  input: BatchCreation.meta(notBoth('model', 'models')),
  output: OneBatch,
  successStatus: 202,
  examples: [
    'seed tasks batch "Write a friendly reminder to {{customer}} about {{invoice}}" --file invoices.csv',
    `seed tasks batch --template seed.key-audit --rows '[{}, {}]' --concurrency 2`,
    `seed tasks batch "Sum up input.json" --file tickets.jsonl --concurrency 10 --budget '{"usd": 5}'`,
  ],
  run: async (input, call, needs: BatchNeeds) => ({ batch: await create(call, input, needs) }),
});

export const listBatches = defineCommand({
  name: 'batches list',
  summary: 'List batches, newest first, with how many of their rows are how far',
  http: 'GET /batches',
  scope: 'tasks:read',
  effect: 'read',
  input: BatchFilter,
  output: pageOf(Batch),
  columns: ['id', 'name', 'status', 'counts', 'createdAt'],
  examples: ['seed batches list', 'seed batches list --status running'],
  run: (filter, { store, actor }) => findBatches(store.db, actor.accountId, filter),
});

export const getBatch = defineCommand({
  name: 'batches get',
  summary: 'Show a batch: how many of its rows are how far, what it has used, and why it is paused if it is',
  http: 'GET /batches/{id}',
  scope: 'tasks:read',
  effect: 'read',
  input: z.object({ id }),
  output: OneBatch,
  examples: [`seed batches get ${EXAMPLE}`],
  run: async ({ id }, { store, actor }) => ({ batch: toBatch(await findBatch(store.db, actor.accountId, id)) }),
});

export const listBatchRows = defineCommand({
  name: 'batches rows',
  summary: 'List the rows of a batch in their order, each with its task or why it has none',
  http: 'GET /batches/{id}/rows',
  scope: 'tasks:read',
  effect: 'read',
  input: z.object({ id, status: RowStatus.optional().describe('Only rows of this status'), ...orderedPageInput }),
  output: pageOf(BatchRow),
  columns: ['number', 'status', 'taskId', 'error', 'input'],
  examples: [`seed batches rows ${EXAMPLE} --status failed`],
  run: async ({ id, ...page }, { store, actor }) => {
    const batch = await findBatch(store.db, actor.accountId, id);
    return findRows(store.db, batch.id, page);
  },
});

export const batchResults = defineFile({
  name: 'batches results',
  summary: 'Download what came of a batch: every row in its order with its input, answer and error',
  http: 'GET /batches/{id}/results',
  scope: 'tasks:read',
  effect: 'read',
  input: z.object({ id, format: z.enum(RESULT_FORMATS).default('csv').describe('How it is written') }),
  examples: [
    `seed batches results ${EXAMPLE} --output results.csv`,
    `seed batches results ${EXAMPLE} --format jsonl | head`,
  ],
  file: async ({ id, format }, { store, actor }) =>
    resultsFile(store.db, await findBatch(store.db, actor.accountId, id), format),
});

export const watchOneBatch = defineStream({
  name: 'batches watch',
  summary: 'Follow a batch: itself again whenever more of its rows are done, until it has ended',
  http: 'GET /batches/{id}/watch',
  scope: 'tasks:read',
  effect: 'read',
  isPoll: true,
  input: z.object({ id }),
  item: Batch,
  examples: [`seed batches watch ${EXAMPLE}`],
  stream: async ({ id }, { store, actor, waiting }) => {
    await findBatch(store.db, actor.accountId, id);
    return watchBatch(store.db, { accountId: actor.accountId, id }, waiting());
  },
});

export const pauseBatch = defineCommand({
  name: 'batches pause',
  summary: 'Pause a batch: no more of its rows start until it is resumed; tasks that it has started go on',
  http: 'POST /batches/{id}/pause',
  scope: 'tasks:write',
  effect: 'write',
  transactional: true,
  input: z.object({ id }),
  output: OneBatch,
  examples: [`seed batches pause ${EXAMPLE}`],
  run: async ({ id }, call) => ({ batch: await batches.pause(call, id) }),
});

export const resumeBatch = defineCommand({
  name: 'batches resume',
  summary:
    'Resume a batch, with another budget or concurrency if need be; from then on it runs for the key in use',
  http: 'POST /batches/{id}/resume',
  scope: 'tasks:write',
  effect: 'write',
  transactional: true,
  input: z.object({ id, ...BatchChanges.shape }),
  output: OneBatch,
  examples: [`seed batches resume ${EXAMPLE}`, `seed batches resume ${EXAMPLE} --budget '{"usd": 20}'`],
  run: async ({ id, ...changes }, call, needs: BatchNeeds) => ({
    batch: await batches.resume(call, id, changes, needs),
  }),
});

export const stopBatch = defineCommand({
  name: 'batches stop',
  summary: 'Stop a batch: its tasks are stopped, and rows without a task never get one unless they are retried',
  http: 'POST /batches/{id}/stop',
  scope: 'tasks:write',
  effect: 'destructive',
  transactional: true,
  input: z.object({ id }),
  output: OneBatch,
  examples: [`seed batches stop ${EXAMPLE}`],
  run: async ({ id }, call) => ({ batch: await batches.stop(call, id) }),
});

export const retryBatch = defineCommand({
  name: 'batches retry',
  summary: 'Start the failed rows of a batch again, each with a new task; from then on it runs for the key in use',
  http: 'POST /batches/{id}/retry',
  scope: 'tasks:write',
  effect: 'write',
  transactional: true,
  creates: true,
  input: z.object({
    id,
    statuses: z
      .array(z.enum(['failed', 'timed_out', 'stopped']))
      .min(1)
      .max(3)
      .default(['failed', 'timed_out'])
      .describe('Which rows: those whose tasks ended so'),
  }),
  output: OneBatch,
  successStatus: 202,
  examples: [`seed batches retry ${EXAMPLE}`, `seed batches retry ${EXAMPLE} --statuses stopped`],
  run: async ({ id, statuses }, call, needs: BatchNeeds) => ({
    batch: await batches.retry(call, id, statuses, needs),
  }),
});
