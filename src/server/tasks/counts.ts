// What waits and what runs at this moment, of all accounts. For metrics.
import { sql } from 'kysely';
import type { Db } from '../../db/tables.ts';
import type { TaskStatus } from '../../protocol/task.ts';

export interface UnfinishedTasks {
  status: TaskStatus;
  count: number;
  /** Of the one that was accepted first. */
  oldestSeconds: number;
}

/** A status that no task has is left out. */
export async function countUnfinished(db: Db): Promise<UnfinishedTasks[]> {
  // In the database's own time, as created_at is.
  const { rows } = await sql<UnfinishedTasks>`
    select status, count(*) as count,
      greatest(0, extract(epoch from now() - min(created_at)))::double precision as "oldestSeconds"
    from tasks where status in ('queued', 'running', 'waiting_for_approval') group by status`.execute(db);
  return rows;
}
