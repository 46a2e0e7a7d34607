// The statement that makes tasks: their rows, the first event of each, and the word to who waits for the queue.
// Called by create.ts.
import { sql } from 'kysely';
import type { BatchPlace } from '../../command/call.ts';
import { storableJson } from '../../db/storable.ts';
import type { StoredFile, StoredWorkspace, TaskRow, Tx } from '../../db/tables.ts';
import { notify } from '../../db/telling.ts';
import type { Budget } from '../../protocol/budget.ts';
import type { Grants } from '../../protocol/grant.ts';
import type { Keep } from '../../protocol/keep.ts';
import type { AnswerSchema } from '../../protocol/output.ts';
import type { Resources } from '../../protocol/resources.ts';
import type { ScopeGrant } from '../../protocol/scope.ts';
import type { UsedTemplate } from '../../protocol/template.ts';

export interface NewTask {
  id: string;
  accountId: string;
  keyId: string;
  /** The key that pays for it: the one that posted the first task of its chain. */
  billedKeyId: string;
  /** The task whose agent posted it; null when no task did. */
  parentTaskId: string | null;
  instruction: string;
  /** What it was started from. */
  template?: UsedTemplate | null;
  scopes: ScopeGrant;
  timeoutMs: number;
  model: string;
  /** Asked in this order when that one cannot answer. */
  fallbackModels: readonly string[];
  resources: Resources;
  budget: Budget | null;
  metadata: Record<string, string>;
  grants: Grants;
  /** What it may wait for people in all; 0: nothing of it asks. */
  waitMs: number;
  risks: readonly string[];
  /** Their blobs are announced and stored; `admit` has to take them. */
  files: StoredFile[];
  /** Hears of its events, besides the account's endpoints. */
  webhookUrl?: string | null;
  /** What its answer is to fit; missing or null: it is text. */
  outputSchema?: AnswerSchema | null;
  /** The W3C traceparent it was posted with, when that is sound. */
  traceParent?: string | null;
  /** What it leaves behind besides its answer; null: nothing. */
  keep?: Keep | null;
  /** The row of a batch that it is for; missing: none. */
  batchRow?: BatchPlace | undefined;
  /** What it goes on from; missing: nothing. */
  continued?: Continued;
}

export interface Continued {
  taskId: string;
  conversationId: string;
  /** What it lacks of what was before, or finds changed. */
  notes: readonly string[];
  /** What it begins with in /workspace; null: nothing. */
  workspace: { stored: StoredWorkspace; until: Date } | null;
}

/** A task at its place below the one whose agent posted it. */
export interface PlacedTask extends NewTask {
  /** 1 for one without a parent. */
  depth: number;
}

const FIRST_EVENT = JSON.stringify({ type: 'status', status: 'queued', phase: null, error: null });

/**
 * Inserts them in one statement and returns their rows in the same order. All have the database's own time:
 * pg-boss orders by it, so that createdAt tells the order of the queue.
 * @param lockMs how long the transaction from then on waits for a lock, when not as long as others: the rows of
 * keys and accounts are locked at the end of the statement
 */
export async function insertTasks(tx: Tx, tasks: readonly PlacedTask[], lockMs?: number): Promise<TaskRow[]> {
  const patience =
    lockMs === undefined ? sql`` : sql`, (select set_config('lock_timeout', ${String(lockMs)}, true)) as patience`;
  const { rows } = await sql<TaskRow>`
    with made as (
      insert into tasks (
        id, account_id, key_id, billed_key_id, parent_task_id, status, instruction, scopes, depth, timeout_ms, model,
        fallback_models, resources, budget, files, metadata, webhook_url, trace_parent, limits, approval, loop, risks,
        wait_ms, output_schema, output_attempts, template, continues, conversation_id, notes,
        keep, workspace, workspace_until, batch_id, batch_row, created_at, last_seq
      )
      select
        id, account_id, key_id, billed_key_id, parent_task_id, 'queued', instruction, scopes, depth, timeout_ms, model,
        fallback_models, resources, budget, files, metadata, webhook_url, trace_parent, limits, approval, loop, risks,
        wait_ms, output_schema, output_attempts, template, continues, conversation_id, notes,
        keep, workspace, workspace_until, batch_id, batch_row, date_trunc('milliseconds', now()), 1
      from json_populate_recordset(null::tasks, ${storableJson(tasks.map(columnsOf))}::json)${patience}
      returning *
    ), begun as (
      insert into events (task_id, seq, created_at, body) select id, 1, created_at, ${FIRST_EVENT}::jsonb from made
    )
    select * from made`.execute(tx);
  await notify(tx, 'queue');
  const byId = new Map(rows.map((row) => [row.id, row]));
  return tasks.map(({ id }) => {
    const row = byId.get(id);
    if (!row) throw new Error(`the task ${id} was inserted and not returned`);
    return row;
  });
}

function columnsOf(task: PlacedTask) {
  return {
    id: task.id,
    account_id: task.accountId,
    key_id: task.keyId,
    billed_key_id: task.billedKeyId,
    parent_task_id: task.parentTaskId,
    instruction: task.instruction,
    scopes: task.scopes,
    depth: task.depth,
    timeout_ms: task.timeoutMs,
    model: task.model,
    fallback_models: task.fallbackModels,
    resources: task.resources,
    budget: task.budget,
    files: task.files,
    metadata: task.metadata,
    webhook_url: task.webhookUrl ?? null,
    trace_parent: task.traceParent ?? null,
    ...task.grants,
    risks: task.risks,
    wait_ms: task.waitMs,
    continues: task.continued?.taskId ?? null,
    conversation_id: task.continued?.conversationId ?? null,
    notes: task.continued?.notes ?? [],
    keep: task.keep ?? null,
    workspace: task.continued?.workspace?.stored ?? null,
    workspace_until: task.continued?.workspace?.until.toISOString() ?? null,
    template: task.template ?? null,
    batch_id: task.batchRow?.batchId ?? null,
    batch_row: task.batchRow?.number ?? null,
    output_schema: task.outputSchema ?? null,
    output_attempts: task.outputSchema ? 0 : null,
  };
}
