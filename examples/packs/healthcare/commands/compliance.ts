// What the clinic's compliance office gets to see of a batch: counts, no patient.
import { newestFirst, pageInput, pageOf, z } from 'seed/pack';
import { judgeBatch } from '../judge.ts';
import { BatchId, defineCommand, findBatch, type SummariesTable } from '../tables.ts';

const Summary = z.object({
  id: z.uuid(),
  batchId: z.string(),
  records: z.int(),
  complete: z.int(),
  incomplete: z.int(),
  unflagged: z.int().describe('Incomplete, and not flagged'),
  problems: z.record(z.string(), z.int()).describe('How many records have each problem'),
  taskId: z.uuid().nullable().describe('The task that generated it'),
  createdAt: z.iso.datetime(),
});

const toSummary = (row: SummariesTable) => ({
  id: row.id,
  batchId: row.batch_id,
  records: row.records,
  complete: row.complete,
  incomplete: row.incomplete,
  unflagged: row.unflagged,
  problems: row.problems,
  taskId: row.task_id,
  createdAt: row.created_at.toISOString(),
});

export const summariseCompliance = defineCommand({
  name: 'compliance summarise',
  summary: 'Generate the compliance summary of a batch, from its forms and flags as they are now',
  http: 'POST /uploads/{batchId}/compliance',
  scope: 'compliance:write',
  effect: 'write',
  creates: true,
  input: z.object({ batchId: BatchId }),
  output: z.object({ summary: Summary }),
  successStatus: 201,
  examples: ['seed compliance summarise intake-riverside-2'],
  run: async ({ batchId }, ctx) => {
    const records = await judgeBatch(await findBatch(batchId, ctx), ctx);
    const incomplete = records.filter(({ problems }) => problems.length > 0);
    const counts: Record<string, number> = {};
    for (const problem of incomplete.flatMap(({ problems }) => problems)) {
      counts[problem] = (counts[problem] ?? 0) + 1;
    }
    const row = await ctx.db
      .insertInto('compliance_summaries')
      .values({
        account_id: ctx.account.id,
        id: ctx.creationId,
        batch_id: batchId,
        records: records.length,
        complete: records.length - incomplete.length,
        incomplete: incomplete.length,
        unflagged: incomplete.filter(({ flags }) => flags.length === 0).length,
        problems: counts,
        task_id: ctx.actor.taskId,
        created_at: ctx.clock.now(),
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    return { summary: toSummary(row) };
  },
});

export const listCompliance = defineCommand({
  name: 'compliance list',
  summary: 'List compliance summaries, newest first',
  http: 'GET /compliance',
  scope: 'compliance:read',
  effect: 'read',
  reads: 'private',
  input: z.object({ batchId: BatchId.optional(), ...pageInput }),
  output: pageOf(Summary),
  columns: ['batchId', 'records', 'complete', 'incomplete', 'unflagged', 'createdAt'],
  examples: ['seed compliance list'],
  run: ({ batchId, ...page }, { db, account }) => {
    const all = db.selectFrom('compliance_summaries').selectAll().where('account_id', '=', account.id);
    return newestFirst(batchId === undefined ? all : all.where('batch_id', '=', batchId), page, toSummary);
  },
});
