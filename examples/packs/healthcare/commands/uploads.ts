// The batches of intake forms that clinics have uploaded.
import { orderedBy, orderedPageInput, pageOf, sql, z } from 'seed/pack';
import { defineCommand } from '../tables.ts';

const Batch = z.object({
  id: z.string(),
  clinic: z.string(),
  timeZone: z.string(),
  uploadedAt: z.iso.datetime(),
  uploadedOn: z.iso.date().describe("The date of the upload in the clinic's time zone"),
  uploadedToday: z.boolean().describe("Whether that is today in the clinic's time zone"),
  records: z.int().describe('How many forms are in it'),
});

interface BatchRow {
  id: string;
  clinic: string;
  time_zone: string;
  uploaded_at: Date;
  uploaded_on: string;
  uploaded_today: boolean;
  records: number;
}

const toBatch = (row: BatchRow) => ({
  id: row.id,
  clinic: row.clinic,
  timeZone: row.time_zone,
  uploadedAt: row.uploaded_at.toISOString(),
  uploadedOn: row.uploaded_on,
  uploadedToday: row.uploaded_today,
  records: row.records,
});

export const listUploads = defineCommand({
  name: 'uploads list',
  summary: 'List the batches of intake forms',
  http: 'GET /uploads',
  scope: 'records:read',
  effect: 'read',
  reads: 'private',
  input: z.object({
    uploadedToday: z.boolean().default(false).describe("Only those of today, in the clinic's time zone"),
    ...orderedPageInput,
  }),
  output: pageOf(Batch),
  columns: ['id', 'clinic', 'uploadedOn', 'uploadedToday', 'records'],
  examples: ['seed uploads list', 'seed uploads list --uploaded-today --json'],
  run: ({ uploadedToday, ...page }, { db, account, clock }) => {
    const uploadedOn = sql`(uploaded_at at time zone time_zone)::date`;
    const today = sql`(${clock.now()}::timestamptz at time zone time_zone)::date`;
    const rows = db
      .selectFrom('batches')
      .select(['id', 'clinic', 'time_zone', 'uploaded_at'])
      .select([
        sql<string>`${uploadedOn}::text`.as('uploaded_on'),
        sql<boolean>`${uploadedOn} = ${today}`.as('uploaded_today'),
        sql<number>`(
          select count(*) from records
          where records.account_id = batches.account_id and records.batch_id = batches.id)`.as('records'),
      ])
      .where('account_id', '=', account.id);
    const query = db.selectFrom(rows.as('rows')).selectAll();
    return orderedBy(uploadedToday ? query.where('uploaded_today', '=', true) : query, 'id', page, toBatch);
  },
});
