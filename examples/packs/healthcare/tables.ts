// The tables as kysely sees them; migrations/ makes them.
import { commandsOn, type PackContext, SeedError, z } from 'seed/pack';

export interface BatchesTable {
  account_id: string;
  id: string;
  clinic: string;
  time_zone: string;
  uploaded_at: Date;
}

export interface RecordsTable {
  account_id: string;
  id: string;
  batch_id: string;
  position: number;
  form: Record<string, unknown>;
  flags: string[];
  flagged_by_task: string | null;
}

export interface SummariesTable {
  account_id: string;
  id: string;
  batch_id: string;
  records: number;
  complete: number;
  incomplete: number;
  unflagged: number;
  problems: Record<string, number>;
  task_id: string | null;
  created_at: Date;
}

export interface Tables {
  batches: BatchesTable;
  records: RecordsTable;
  compliance_summaries: SummariesTable;
}

export const defineCommand = commandsOn<Tables>();

export const BatchId = z.string().min(1).max(80).describe('The batch, such as intake-riverside-2');

/** @throws SeedError not_found */
export async function findBatch(id: string, { db, account }: PackContext<Tables>) {
  const row = await db
    .selectFrom('batches')
    .selectAll()
    .where('account_id', '=', account.id)
    .where('id', '=', id)
    .executeTakeFirst();
  if (row) return row;
  const hint = 'seed uploads list shows the batches.';
  throw new SeedError('not_found', `there is no batch "${id}"`, { hint });
}
