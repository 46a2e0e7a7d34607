// The calls of commands: counted by server/ledger/call-log.ts, written one by one by server/ledger/, read as the ledger of a task.

import { type RawBuilder, sql } from 'kysely';
import { aheadOfCursor, type PageRequest, pageOfRows } from '../../db/cursor.ts';
import { storableValue } from '../../db/storable.ts';
import type { Db } from '../../db/tables.ts';
import { type TaskSpan, writtenFor } from '../../db/task-conditions.ts';
import { type LedgerEntry, ledgerOutcome } from '../../protocol/ledger.ts';
import type { Effect } from '../../protocol/manifest.ts';
import type { Page } from '../../protocol/page.ts';

export interface NewCall {
  id: string;
  at: Date;
  accountId: string;
  keyId: string;
  billedKeyId: string;
  taskId: string | null;
  command: string;
  effect: Effect;
  scope: string | null;
  /** Null: the outcome is not known, since the call is still being made or was cut off. */
  status: number | null;
  code: string | null;
  durationMs: number | null;
  /** Cut already (server/ledger/cut-json.ts); null: none. */
  arguments: unknown;
  changes: unknown;
  /** So many calls alike, of which this is the last. */
  times: number;
  idempotencyKey: string | null;
}

export async function insertCalls(db: Db, calls: readonly NewCall[]): Promise<void> {
  if (calls.length > 0) await insertion(calls).execute(db);
}

/**
 * The row of a call that must not be missed, written before its outcome is known and again when it is. An outcome is written
 * once: what comes after it changes nothing.
 */
export async function writeCall(db: Db, call: NewCall): Promise<void> {
  await sql`${insertion([call])}
    on conflict (created_at, id) do update set status = excluded.status, code = excluded.code,
      duration_ms = excluded.duration_ms, changes = excluded.changes
    where calls.status is null`.execute(db);
}

/** Busy servers write thousands a second: as one value they cost a third of what fifteen parameters a row would. */
function insertion(calls: readonly NewCall[]): RawBuilder<unknown> {
  const rows = calls.map((call) => ({
    id: call.id,
    created_at: call.at.toISOString(),
    account_id: call.accountId,
    key_id: call.keyId,
    billed_key_id: call.billedKeyId,
    task_id: call.taskId,
    command: call.command,
    effect: call.effect,
    scope: call.scope,
    status: call.status,
    code: call.code,
    duration_ms: call.durationMs,
    arguments: storableValue(call.arguments),
    changes: storableValue(call.changes),
    times: call.times === 1 ? null : call.times,
    idempotency_key: call.idempotencyKey,
  }));
  return sql`insert into calls select * from json_populate_recordset(null::calls, ${JSON.stringify(rows)}::json)`;
}

/** What the task's agent called: what changes something in the order in which it began, the rest in that in which it ended. */
export async function listLedger(
  db: Db,
  accountId: string,
  task: TaskSpan,
  page: PageRequest,
): Promise<Page<LedgerEntry>> {
  let query = db.selectFrom('calls').selectAll().where(writtenFor(task)).where('account_id', '=', accountId);
  if (page.cursor !== undefined) query = query.where(aheadOfCursor(page.cursor));
  const rows = await query
    .orderBy('created_at')
    .orderBy('id')
    .limit(page.limit + 1)
    .execute();
  return pageOfRows(rows, page.limit, (row) => ({
    id: row.id,
    at: row.created_at.toISOString(),
    command: row.command,
    effect: row.effect,
    scope: row.scope,
    outcome: ledgerOutcome(row.status),
    status: row.status,
    code: row.code,
    durationMs: row.duration_ms,
    arguments: row.arguments,
    changes: row.changes,
    idempotencyKey: row.idempotency_key,
  }));
}
