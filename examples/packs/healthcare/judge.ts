// The records of a batch with what the rules say about each.
import type { PackContext } from 'seed/pack';
import { duplicates, type Problem, problemsOf } from './rules.ts';
import type { RecordsTable, Tables } from './tables.ts';

export interface JudgedRecord extends RecordsTable {
  problems: Problem[];
}

/** All of them, by position: a duplicate shows only beside the others. */
export async function judgeBatch(
  batch: { id: string; time_zone: string; uploaded_at: Date },
  { db, account }: PackContext<Tables>,
): Promise<JudgedRecord[]> {
  const records = await db
    .selectFrom('records')
    .selectAll()
    .where('account_id', '=', account.id)
    .where('batch_id', '=', batch.id)
    .orderBy('position')
    .execute();
  const uploadedOn = dateAt(batch.uploaded_at, batch.time_zone);
  const twice = duplicates(records);
  return records.map((record) => ({
    ...record,
    problems: [...problemsOf(record.form, uploadedOn), ...(twice.has(record.position) ? ['duplicate'] : [])],
  }));
}

/** The calendar's date at a moment in a time zone, as ISO-8601 writes it. */
function dateAt(time: Date, timeZone: string): string {
  return new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short' }).format(time);
}
