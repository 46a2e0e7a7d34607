// Tasks by a word of their instruction or the beginning of their id. Called by `tasks list`. No index serves a search in texts of
// up to 32 KiB; instead a page reads so many tasks at most, so that it takes as long with a million tasks as with a thousand.
import { sql } from 'kysely';
import { encodeCursor, pageOfRows } from '../../db/cursor.ts';
import { storableText } from '../../db/storable.ts';
import type { Db } from '../../db/tables.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { Page } from '../../protocol/page.ts';
import type { Task } from '../../protocol/task.ts';
import { toTask } from './rows.ts';
import { listTasks, newestTasks, type TaskFilter } from './tasks.ts';

/** As task keys are named after their task, or more of it. */
const BEGINNING_OF_ID = /^[0-9a-f]{8,32}$/;
const ID_DIGITS = 32;

export interface TaskSearch extends TaskFilter {
  q?: string | undefined;
}

/**
 * Newest first. With `q` a page can hold fewer than `limit` tasks, or none, and still have a cursor: the search goes on behind the tasks
 * it was made of.
 */
export async function searchTasks(
  db: Db,
  accountId: string,
  { q, ...unsearched }: TaskSearch,
): Promise<Page<Task>> {
  if (q === undefined) return listTasks(db, accountId, unsearched);
  const { limit, ...filter } = unsearched;
  const candidates = newestTasks(db, accountId, filter);
  const digits = q.toLowerCase().replaceAll('-', '');
  if (BEGINNING_OF_ID.test(digits)) {
    const rows = await candidates
      .where('id', '>=', digits.padEnd(ID_DIGITS, '0'))
      .where('id', '<=', digits.padEnd(ID_DIGITS, 'f'))
      .limit(limit + 1)
      .execute();
    return pageOfRows(rows, limit, toTask);
  }
  const rows = await db
    .selectFrom(candidates.limit(LIMITS.searchedTasks).as('tasks'))
    .selectAll()
    .where(sql<boolean>`instruction ilike ${containing(q)}`)
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute();
  const page = pageOfRows(rows, limit, toTask);
  if (page.nextCursor !== null) return page;
  const last = await candidates
    .clearSelect()
    .select(['id', 'created_at'])
    .offset(LIMITS.searchedTasks - 1)
    .limit(1)
    .executeTakeFirst();
  return { ...page, nextCursor: last ? encodeCursor(last) : null };
}

function containing(text: string): string {
  return `%${storableText(text).replace(/[\\%_]/g, '\\$&')}%`;
}
