// The intake forms of a batch. What a patient wrote is shown one form at a time, and only when asked for.
import { pageInput, pageOf, SeedError, z } from 'seed/pack';
import { judgeBatch } from '../judge.ts';
import { BatchId, defineCommand, findBatch } from '../tables.ts';
import { pageByPosition } from './page-by-position.ts';

const RecordId = z.uuid().describe('Id of the record');
const Problems = z.array(z.string()).describe('Such as missing:phone, invalid:birthDate, duplicate');

const RecordView = z.object({
  id: z.uuid(),
  batchId: z.string(),
  position: z.int(),
  form: z.record(z.string(), z.unknown()).describe('As it was filled in'),
  flags: Problems,
});

const Finding = z.object({
  recordId: z.uuid(),
  position: z.int(),
  complete: z.boolean(),
  problems: Problems,
  flags: Problems.describe('What it is flagged with already'),
});

export const validateRecords = defineCommand({
  name: 'records validate',
  summary: 'Check the required fields of every form in a batch; shows problems, not what patients wrote',
  http: 'GET /uploads/{batchId}/validation',
  scope: 'records:read',
  effect: 'read',
  // With what patients have typed into their forms.
  reads: 'untrusted',
  input: z.object({ batchId: BatchId, ...pageInput }),
  output: pageOf(Finding),
  columns: ['position', 'recordId', 'complete', 'problems', 'flags'],
  examples: [
    'seed records validate intake-riverside-2',
    'seed records validate intake-riverside-2 --limit 100 --json',
  ],
  run: async ({ batchId, ...page }, ctx) => {
    const records = await judgeBatch(await findBatch(batchId, ctx), ctx);
    return pageByPosition(records, page, ({ id, position, problems, flags }) => ({
      recordId: id,
      position,
      complete: problems.length === 0,
      problems,
      flags,
    }));
  },
});

export const getRecord = defineCommand({
  name: 'records get',
  summary: 'Show one form as the patient filled it in',
  http: 'GET /records/{id}',
  scope: 'records:read',
  effect: 'read',
  reads: 'private',
  input: z.object({ id: RecordId }),
  output: z.object({ record: RecordView }),
  examples: ['seed records get 3f0c…'],
  run: async ({ id }, { db, account }) => {
    const row = await db
      .selectFrom('records')
      .selectAll()
      .where('account_id', '=', account.id)
      .where('id', '=', id)
      .executeTakeFirst();
    if (!row) throw noRecord(id);
    const { batch_id: batchId, position, form, flags } = row;
    return { record: { id, batchId, position, form, flags } };
  },
});

export const flagRecord = defineCommand({
  name: 'records flag',
  summary: 'Flag a form with what is wrong with it, in place of the flags it has',
  http: 'PUT /records/{id}/flags',
  scope: 'records:write',
  effect: 'write',
  input: z.object({
    id: RecordId,
    flags: z
      .array(
        z
          .string()
          .max(60)
          .regex(/^((missing|invalid):[A-Za-z]+|duplicate)$/, 'is missing:<field>, invalid:<field> or duplicate'),
      )
      .min(1)
      .max(20)
      .describe('What is wrong: missing:<field>, invalid:<field> or duplicate'),
  }),
  output: z.object({ record: RecordView.omit({ form: true }) }),
  examples: ['seed records flag 3f0c… --flags missing:phone,invalid:birthDate'],
  run: async ({ id, flags }, { db, account, actor }) => {
    const row = await db
      .updateTable('records')
      .set({ flags, flagged_by_task: actor.taskId })
      .where('account_id', '=', account.id)
      .where('id', '=', id)
      .returning(['batch_id', 'position', 'flags'])
      .executeTakeFirst();
    if (!row) throw noRecord(id);
    return { record: { id, batchId: row.batch_id, position: row.position, flags: row.flags } };
  },
});

function noRecord(id: string): SeedError {
  const hint = 'seed records validate <batch> shows the ids.';
  return new SeedError('not_found', `there is no record "${id}"`, { hint });
}
