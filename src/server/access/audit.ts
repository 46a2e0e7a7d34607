// The audit log: written and listed, never changed. Called by server/access/audit-trail.ts and `audit list`.
import { randomUUID } from 'node:crypto';
import { behindCursor, type PageRequest, pageOfRows } from '../../db/cursor.ts';
import { storableTextOrNull } from '../../db/storable.ts';
import type { Db } from '../../db/tables.ts';
import { type AuditEntry, type AuditOutcome, outcomeOf, REFUSED_STATUSES } from '../../protocol/audit.ts';
import type { Page } from '../../protocol/page.ts';

export interface NewAuditEntry {
  at: Date;
  accountId: string | null;
  keyId: string | null;
  taskId: string | null;
  /** The dashboard's session that the call came by. */
  sessionId: string | null;
  address: string | null;
  command: string | null;
  target: string | null;
  status: number;
  code: string | null;
  calls: number;
  requestId: string | null;
}

export interface AuditFilter extends PageRequest {
  keyId?: string | undefined;
  taskId?: string | undefined;
  command?: string | undefined;
  outcome?: AuditOutcome | undefined;
  since?: Date | undefined;
  until?: Date | undefined;
}

const TARGET_MAX = 100;

export async function insertAudit(db: Db, entries: readonly NewAuditEntry[]): Promise<void> {
  if (entries.length === 0) return;
  const rows = entries.map((entry) => ({
    id: randomUUID(),
    created_at: entry.at,
    account_id: entry.accountId,
    key_id: entry.keyId,
    task_id: entry.taskId,
    session_id: entry.sessionId,
    address: entry.address,
    command: entry.command,
    target: storableTextOrNull(entry.target)?.slice(0, TARGET_MAX) ?? null,
    status: entry.status,
    code: entry.code,
    calls: entry.calls,
    request_id: entry.requestId,
  }));
  await db.insertInto('audit').values(rows).execute();
}

/** Newest first. `accountId` null: the calls that named no known key. */
export async function listAudit(
  db: Db,
  accountId: string | null,
  filter: AuditFilter,
): Promise<Page<AuditEntry>> {
  let query = db
    .selectFrom('audit')
    .selectAll()
    .where('account_id', accountId === null ? 'is' : '=', accountId);
  if (filter.keyId !== undefined) query = query.where('key_id', '=', filter.keyId);
  if (filter.taskId !== undefined) query = query.where('task_id', '=', filter.taskId);
  if (filter.command !== undefined) query = query.where('command', '=', filter.command);
  if (filter.since !== undefined) query = query.where('created_at', '>=', filter.since);
  if (filter.until !== undefined) query = query.where('created_at', '<', filter.until);
  if (filter.outcome === 'ok') query = query.where('status', '<', 400);
  if (filter.outcome === 'refused') query = query.where('status', 'in', REFUSED_STATUSES);
  if (filter.outcome === 'failed')
    query = query.where('status', '>=', 400).where('status', 'not in', REFUSED_STATUSES);
  if (filter.cursor !== undefined) query = query.where(behindCursor(filter.cursor));
  const rows = await query
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(filter.limit + 1)
    .execute();
  const names = await keyNames(
    db,
    rows.flatMap((row) => row.key_id ?? []),
  );
  return pageOfRows(rows, filter.limit, (row) => ({
    id: row.id,
    at: row.created_at.toISOString(),
    keyId: row.key_id,
    keyName: row.key_id === null ? null : (names.get(row.key_id) ?? null),
    taskId: row.task_id,
    sessionId: row.session_id,
    address: row.address,
    command: row.command,
    target: row.target,
    outcome: outcomeOf(row.status),
    status: row.status,
    code: row.code,
    calls: row.calls,
    requestId: row.request_id,
  }));
}

async function keyNames(db: Db, ids: string[]): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map();
  const rows = await db
    .selectFrom('keys')
    .select(['id', 'name'])
    .where('id', 'in', [...new Set(ids)])
    .execute();
  return new Map(rows.map(({ id, name }) => [id, name]));
}
