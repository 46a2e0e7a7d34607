// The audit log: written, listed for `audit list`, and pruned of what the operator does not keep; never changed.
import { randomUUID } from 'node:crypto';
import { type RawBuilder, sql } from 'kysely';
import { ADVISORY_LOCKS } from '../../db/advisory-locks.ts';
import { behindCursor, pageOfRows } from '../../db/cursor.ts';
import { storableTextOrNull } from '../../db/storable.ts';
import type { Store } from '../../db/store.ts';
import type { Db, Tx } from '../../db/tables.ts';
import type { Logger } from '../../lib/log.ts';
import { type AuditEntry, type AuditFilter, outcomeOf, REFUSED_STATUSES } from '../../protocol/audit.ts';
import type { Page } from '../../protocol/page.ts';
import { pastTime } from '../../protocol/time.ts';

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

/** Where it is not known, or does not matter, who called. */
export const NOBODY = { accountId: null, keyId: null, taskId: null, sessionId: null, address: null };

const TARGET_MAX = 100;

export async function insertAudit(db: Db, entries: readonly NewAuditEntry[]): Promise<void> {
  if (entries.length === 0) return;
  const rows = entries.map((entry) => ({
    id: randomUUID(),
    created_at: entry.at.toISOString(),
    account_id: entry.accountId,
    key_id: entry.keyId,
    task_id: entry.taskId,
    session_id: entry.sessionId,
    address: entry.address,
    command: entry.command,
    target: storableTextOrNull(entry.target)?.slice(0, TARGET_MAX).toWellFormed() ?? null,
    status: entry.status,
    code: entry.code,
    calls: entry.calls,
    request_id: entry.requestId,
  }));
  const json = JSON.stringify(rows);
  await sql`insert into audit select * from json_populate_recordset(null::audit, ${json}::json)`.execute(db);
}

/** Newest first. `accountId` null: the calls that named no known key. */
export async function findAudit(
  db: Db,
  accountId: string | null,
  filter: AuditFilter,
  now: Date,
): Promise<Page<AuditEntry>> {
  let query = db
    .selectFrom('audit')
    .selectAll()
    .where('account_id', accountId === null ? 'is' : '=', accountId);
  if (filter.keyId !== undefined) query = query.where('key_id', '=', filter.keyId);
  if (filter.taskId !== undefined) query = query.where('task_id', '=', filter.taskId);
  if (filter.command !== undefined) query = query.where('command', '=', filter.command);
  if (filter.since !== undefined) query = query.where('created_at', '>=', pastTime(filter.since, now));
  if (filter.until !== undefined) query = query.where('created_at', '<', pastTime(filter.until, now));
  if (filter.outcome === 'ok') query = query.where('status', '<', 400);
  // Written out where it is implied, too: the index of what did not succeed is found by it.
  if (filter.outcome === 'refused')
    query = query.where(sql<boolean>`status >= 400`).where('status', 'in', REFUSED_STATUSES);
  if (filter.outcome === 'failed')
    query = query.where(sql<boolean>`status >= 400`).where('status', 'not in', REFUSED_STATUSES);
  if (filter.cursor !== undefined) query = query.where(behindCursor(filter.cursor));
  const rows = await query
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(filter.limit + 1)
    .execute();
  const keyIds = rows.flatMap((row) => row.key_id ?? []);
  const names = await keyNames(db, keyIds);
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

const BATCH = 5_000;

/** Deletes older entries, which the database refuses for ones younger than 30 days. Returns how many. */
export async function pruneAudit(store: Store, before: Date): Promise<number> {
  let total = 0;
  for (;;) {
    const deleted = await store.longRunning
      .transaction()
      .execute((tx) => pruneBatch(tx, before, store.clock.now()));
    total += deleted;
    if (deleted < BATCH) return total;
  }
}

async function pruneBatch(tx: Tx, before: Date, now: Date): Promise<number> {
  const deleted = await deleteSome(
    tx,
    sql`created_at < ${before} and not is_task_held(task_id, account_id)`,
    BATCH,
  );
  if (deleted === 0) return 0;
  const done = { command: 'audit prune', target: before.toISOString(), status: 200, code: null, calls: deleted };
  await insertAudit(tx, [{ ...NOBODY, ...done, at: now, requestId: null }]);
  return deleted;
}

/** Deletes entries of an account; the database refuses it for one that is not being deleted. Returns how many. */
export function deleteAuditOf(tx: Tx, accountId: string, most: number): Promise<number> {
  return deleteSome(tx, sql`account_id = ${accountId}`, most);
}

async function deleteSome(tx: Tx, those: RawBuilder<unknown>, most: number): Promise<number> {
  // One server at a time: granting the same thing at once fails.
  await sql`select pg_advisory_xact_lock(${ADVISORY_LOCKS.auditPrune})`.execute(tx);
  const { rows } = await sql`select id from audit where ${those} limit 1`.execute(tx);
  if (rows.length === 0) return 0;
  await sql`set local seed.prune_audit = 'on'`.execute(tx);
  await sql`grant delete on audit to current_user`.execute(tx);
  const { numAffectedRows } = await sql`
    delete from audit where id in (
      select id from audit where ${those} order by created_at limit ${most}
    )`.execute(tx);
  await sql`revoke delete on audit from current_user`.execute(tx);
  return Number(numAffectedRows ?? 0n);
}

const PRUNE_EVERY_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** Prunes the log once an hour. Without the operator's setting it is not started and the log is kept for ever. */
export function keepAuditFor(days: number, store: Store, log: Logger): AsyncDisposable {
  return store.loops.every(
    { everyMs: PRUNE_EVERY_MS, name: 'prune the audit log', log, atOnce: true },
    async () => {
      const deleted = await pruneAudit(store, new Date(store.clock.now().getTime() - days * DAY_MS));
      if (deleted > 0) log.info({ deleted, days }, 'pruned the audit log');
    },
  );
}
