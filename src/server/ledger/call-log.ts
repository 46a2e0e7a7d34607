// The calls of commands: counted in memory or written one by one, and read as the ledger of a task.
import { type RawBuilder, sql } from 'kysely';
import { aheadOfCursor, type PageRequest, pageOfRows } from '../../db/cursor.ts';
import { storableValue } from '../../db/storable.ts';
import type { Store } from '../../db/store.ts';
import type { Db } from '../../db/tables.ts';
import { type TaskSpan, writtenFor } from '../../db/task-conditions.ts';
import type { Loop } from '../../lib/every.ts';
import type { Logger } from '../../lib/log.ts';
import { type LedgerApproval, type LedgerEntry, ledgerDecision, ledgerOutcome } from '../../protocol/ledger.ts';
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
  /** Cut already (kept-call.ts); null: none. */
  arguments: unknown;
  changes: unknown;
  /** So many calls alike, of which this is the last. */
  times: number;
  idempotencyKey: string | null;
  /** Of a task's calls: the same for the same command and input. */
  inputHash: string | null;
  /** Of one that a person was asked about. */
  approvalId?: string | null;
}

export async function insertCalls(db: Db, calls: readonly NewCall[]): Promise<void> {
  if (calls.length > 0) await insertion(calls).execute(db);
}

/** A call that must not be missed, before its outcome is known and again after. The first outcome stays. */
export async function writeCall(db: Db, call: NewCall): Promise<void> {
  await sql`${insertion([call])}
    on conflict (created_at, id) do update set status = excluded.status, code = excluded.code,
      duration_ms = excluded.duration_ms, changes = excluded.changes
    where calls.status is null`.execute(db);
}

/** Servers write thousands a second: one JSON value costs a third of fifteen parameters a row. */
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
    approval_id: call.approvalId,
    input_hash: call.inputHash,
  }));
  return sql`insert into calls select * from json_populate_recordset(null::calls, ${JSON.stringify(rows)}::json)`;
}

/** What the task's agent called: reads in the order in which they ended, all else in that in which it began. */
export async function listLedger(
  db: Db,
  accountId: string,
  task: TaskSpan,
  page: PageRequest,
): Promise<Page<LedgerEntry>> {
  let query = db
    .selectFrom('calls')
    .selectAll()
    .select(approvalOfCall)
    .where(writtenFor(task))
    .where('account_id', '=', accountId);
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
    outcome: ledgerOutcome(row.status, row.approval),
    decision: ledgerDecision(row.code, row.approval),
    approval: row.approval,
    status: row.status,
    code: row.code,
    durationMs: row.duration_ms,
    arguments: row.arguments,
    changes: row.changes,
    idempotencyKey: row.idempotency_key,
  }));
}

/** Of a call that a person was asked about: what became of that, with the names that Approval gives it. */
const approvalOfCall = sql<LedgerApproval | null>`(
  select json_build_object(
    'id', asked.id, 'state', asked.state, 'message', asked.message,
    'ranAt', to_char(asked.ran_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'decidedBy', case when asked.decided_by is not null then json_build_object(
      'keyId', asked.decided_by, 'via', asked.decided_via, 'isSelf', asked.decided_by = any(asked.asking_keys),
      'keyName', coalesce((select name from keys where id = asked.decided_by), '')) end)
  from approvals as asked where asked.id = calls.approval_id)`.as('approval');

const WRITE_EVERY_MS = 1_000;
/** So many rows are not kept waiting until the second is over. */
const WRITTEN_AT_ONCE = 1_000;
/** Rows that may wait to be written; calls that would need more are left out, and the log says how many. */
const WAITING_MOST = 50_000;

/** Owns the calls that wait; they are written when the server stops. */
export class CallLog implements AsyncDisposable {
  readonly #store: Store;
  readonly #log: Logger;
  readonly #onLost: (calls: number) => void;
  readonly #writing: Loop;
  #waiting = new Map<string, NewCall>();
  #leftOut = 0;

  /** @param onLost told how many calls could not be written */
  constructor(store: Store, log: Logger, onLost: (calls: number) => void) {
    this.#store = store;
    this.#log = log;
    this.#onLost = onLost;
    this.#writing = store.loops.every({ everyMs: WRITE_EVERY_MS, flushes: true, name: 'record calls', log }, () =>
      this.#write(),
    );
  }

  /** @param call kept as it is, and counted up */
  count(call: NewCall): void {
    const kind = kindOf(call);
    const alike = this.#waiting.get(kind);
    if (alike) {
      alike.times += 1;
      alike.at = call.at;
      return;
    }
    if (this.#waiting.size < WAITING_MOST) this.#waiting.set(kind, call);
    else this.#leftOut += 1;
    if (this.#waiting.size === WRITTEN_AT_ONCE) void this.writeWaiting();
  }

  writeWaiting(): Promise<void> {
    return this.#writing.now();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writing.stop();
    await this.writeWaiting();
  }

  async #write(): Promise<void> {
    const calls = [...this.#waiting.values()];
    this.#waiting = new Map();
    const leftOut = this.#leftOut;
    this.#leftOut = 0;
    if (leftOut > 0) {
      this.#log.error({ calls: leftOut }, 'calls were not recorded: too many');
      this.#onLost(leftOut);
    }
    try {
      for (let from = 0; from < calls.length; from += WRITTEN_AT_ONCE) {
        await insertCalls(this.#store.db, calls.slice(from, from + WRITTEN_AT_ONCE));
      }
    } catch (error) {
      const [first] = calls;
      const lost = calls.reduce((sum, { times }) => sum + times, 0);
      this.#log.error({ err: error, calls: lost, first }, 'calls could not be recorded');
      this.#onLost(lost);
    }
  }
}

/** All that a report tells calls apart by; the rest follows from the key and the command. */
function kindOf({ keyId, command, status, code, durationMs, at }: NewCall): string {
  const second = Math.floor(at.getTime() / 1_000);
  return `${keyId} ${command} ${status} ${code} ${durationMs} ${second}`;
}
