// The list of an account's keys with its filters. Called by `keys list`.
import { sql } from 'kysely';
import { behindCursor, type PageRequest, pageOfRows } from '../../db/cursor.ts';
import { storableText } from '../../db/storable.ts';
import type { Db } from '../../db/tables.ts';
import type { Key, KeyStatus } from '../../protocol/key.ts';
import type { Page } from '../../protocol/page.ts';
import { toKey } from './keys.ts';

const DAY_MS = 86_400_000;

export interface KeyFilter extends PageRequest {
  status?: KeyStatus | undefined;
  /**
   * Whether to list the task keys that Seed looks after itself, too: the live ones, and those it revoked at their
   * task's end. A task key that expired unrevoked or that a key revoked is always listed.
   */
  taskKeys: boolean;
  /** Not used for so many days, and there for as long. */
  unusedForDays?: number | undefined;
  /** In the name, or at the beginning of the prefix or the id. */
  q?: string | undefined;
}

/** Newest first. */
export async function listKeys(db: Db, accountId: string, filter: KeyFilter, now: Date): Promise<Page<Key>> {
  let query = db.selectFrom('keys').selectAll().where('account_id', '=', accountId);
  if (!filter.taskKeys) {
    query = query
      // Implied by the next condition and the predicate of the index that serves it.
      .where(sql<boolean>`(task_id is null or revoked_by is not null or revoked_at is null)`)
      .where(sql<boolean>`(task_id is null or revoked_by is not null or expires_at <= ${now})`);
  }
  if (filter.status !== undefined) query = query.where(hasStatus(filter.status, now));
  if (filter.unusedForDays !== undefined) {
    const since = new Date(now.getTime() - filter.unusedForDays * DAY_MS);
    query = query.where(sql<boolean>`greatest(created_at, last_used_at) <= ${since}`);
  }
  if (filter.q !== undefined) query = query.where(matches(filter.q));
  if (filter.cursor !== undefined) query = query.where(behindCursor(filter.cursor));
  const rows = await query
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(filter.limit + 1)
    .execute();
  return pageOfRows(rows, filter.limit, (row) => toKey(row, now));
}

/** keyStatus of keys.ts as SQL. */
function hasStatus(status: KeyStatus, now: Date) {
  if (status === 'revoked') return sql<boolean>`revoked_at is not null`;
  if (status === 'disabled') return sql<boolean>`(revoked_at is null and not enabled)`;
  if (status === 'expired') return sql<boolean>`(revoked_at is null and enabled and expires_at <= ${now})`;
  return sql<boolean>`(revoked_at is null and enabled and (expires_at is null or expires_at > ${now}))`;
}

function matches(q: string) {
  const literal = storableText(q).replace(/[\\%_]/g, '\\$&');
  const anywhere = `%${literal}%`;
  const beginning = `${literal}%`;
  return sql<boolean>`(name ilike ${anywhere} or prefix like ${beginning} or id::text ilike ${beginning})`;
}
