// A task's row: read, locked, and turned into the task object. Every file about tasks goes through here.
import type { Db, StoredFile, TaskRow, Tx } from '../../db/tables.ts';
import { usdOf } from '../../lib/money.ts';
import { SeedError } from '../../protocol/errors.ts';
import type { KeptFile } from '../../protocol/file.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { modelNote } from '../../protocol/model.ts';
import { isTerminal } from '../../protocol/statuses.ts';
import type { Task } from '../../protocol/task.ts';

/** Locks the row until the transaction ends. */
export function lockTask(tx: Tx, id: string): Promise<TaskRow | undefined> {
  return tx.selectFrom('tasks').selectAll().where('id', '=', id).forNoKeyUpdate().executeTakeFirst();
}

/** A task under a lease, as its runner names it. */
export interface LeasedTaskId {
  taskId: string;
  leaseId: string;
}

/** Locks a task that runs under this lease. Throws SeedError `lease_lost` when it does not, or no longer does. */
export async function lockLeasedTask(tx: Tx, lease: LeasedTaskId): Promise<TaskRow> {
  return refuseLostLease(await lockTask(tx, lease.taskId), lease);
}

/** The row of a task that lives and is under this lease. Throws SeedError `lease_lost` for any other. */
export function refuseLostLease<Row extends Pick<TaskRow, 'lease_id' | 'status'>>(
  row: Row | undefined,
  { taskId, leaseId }: LeasedTaskId,
): Row {
  if (row?.lease_id === leaseId && !isTerminal(row.status)) return row;
  throw leaseLost(taskId);
}

export function leaseLost(taskId: string): SeedError {
  return new SeedError('lease_lost', `Task ${taskId} does not run under this lease any more.`, {
    hint: 'Kill its sandbox and report nothing more about it.',
  });
}

export function noSuchTask(id: string): SeedError {
  return new SeedError('not_found', `there is no task ${id}`, { hint: 'seed tasks list shows the ids.' });
}

export type TaskProgress = Pick<TaskRow, 'id' | 'status' | 'last_seq' | 'created_at' | 'completed_at'>;

/** How far a task is, for watchers, who look often. Throws SeedError `not_found`. */
export async function getTaskProgress(db: Db, id: string): Promise<TaskProgress> {
  const row = await db
    .selectFrom('tasks')
    .select(['id', 'status', 'last_seq', 'created_at', 'completed_at'])
    .where('id', '=', id)
    .executeTakeFirst();
  if (!row) throw noSuchTask(id);
  return row;
}

/** Whether the task was started by the agent of the other, or by one that such an agent started, and so on. */
export async function isTaskBelow(db: Db, id: string, above: string): Promise<boolean> {
  let parent: string | null = id;
  for (let depth = 0; parent !== null && depth < LIMITS.taskDepth; depth += 1) {
    const row: { parent_task_id: string | null } | undefined = await db
      .selectFrom('tasks')
      .select('parent_task_id')
      .where('id', '=', parent)
      .executeTakeFirst();
    parent = row?.parent_task_id ?? null;
    if (parent === above) return true;
  }
  return false;
}

/** The columns that the task object is made of: a list reads no others. */
export const SHOWN_COLUMNS = [
  ...(['id', 'status', 'phase', 'error', 'instruction', 'template', 'scopes', 'timeout_ms', 'metadata'] as const),
  ...(['stdout', 'stderr', 'exit_code', 'input_tokens', 'output_tokens', 'model', 'fallback_models'] as const),
  ...(['created_at', 'started_at', 'working_at', 'completed_at', 'deadline', 'key_id', 'parent_task_id'] as const),
  ...(['resources', 'usage', 'budget', 'used_tokens', 'used_nano_usd', 'used_calls', 'cost_source'] as const),
  ...(['llm_nano_usd', 'compute_nano_usd', 'files', 'artifacts'] as const),
  ...(['output', 'output_attempts', 'output_error'] as const),
  ...(['limits', 'approval', 'loop', 'risks', 'wait_ms', 'waited_ms'] as const),
  ...(['continues', 'conversation_id', 'notes', 'keep', 'workspace', 'workspace_until'] as const),
  ...(['batch_id', 'batch_row'] as const),
] satisfies readonly (keyof TaskRow)[];

type ShownRow = Pick<TaskRow, (typeof SHOWN_COLUMNS)[number]>;

export function toTask(row: ShownRow): Task {
  return {
    id: row.id,
    status: row.status,
    stdout: row.stdout,
    stderr: row.stderr,
    exitCode: row.exit_code,
    output: row.output,
    outputAttempts: row.output_attempts,
    outputError: row.output_error,
    inputTokens: row.input_tokens,
    outputTokens: row.output_tokens,
    createdAt: row.created_at.toISOString(),
    completedAt: row.completed_at?.toISOString() ?? null,
    instruction: row.instruction,
    template: row.template,
    scopes: row.scopes,
    timeout: row.timeout_ms,
    model: row.model,
    fallbackModels: row.fallback_models,
    modelNote: modelNote([row.model, ...row.fallback_models]),
    resources: row.resources,
    usage: row.usage,
    budget: row.budget,
    used: { tokens: row.used_tokens, usd: usdOf(row.used_nano_usd), calls: row.used_calls },
    limits: row.limits,
    approval: row.approval,
    loop: row.loop,
    risks: row.risks,
    phase: row.phase,
    statusNote: null,
    error: row.error,
    cost: costOf(row),
    costSource: row.cost_source,
    startedAt: row.started_at?.toISOString() ?? null,
    deadline: row.deadline?.toISOString() ?? null,
    queuedMs: millisecondsBetween(row.created_at, row.started_at),
    startMs: millisecondsBetween(row.started_at, row.working_at),
    waitMs: row.wait_ms,
    waitedMs: row.waited_ms,
    runMs: millisecondsBetween(row.working_at, row.completed_at),
    keyId: row.key_id,
    parentTaskId: row.parent_task_id,
    continues: row.continues,
    conversationId: row.conversation_id ?? row.id,
    batch: batchOf(row),
    notes: row.notes,
    keep: row.keep,
    workspace: workspaceOf(row),
    files: row.files.map(keptFile),
    artifacts: row.artifacts.map(keptFile),
    metadata: row.metadata,
  };
}

export function costOf({
  compute_nano_usd: compute,
  llm_nano_usd: llm,
}: Pick<TaskRow, 'compute_nano_usd' | 'llm_nano_usd'>): Task['cost'] {
  return { compute: usdOf(compute), llm: usdOf(llm), total: usdOf(compute + llm), currency: 'USD' };
}

function batchOf({ batch_id, batch_row }: ShownRow): Task['batch'] {
  return batch_id === null || batch_row === null ? null : { id: batch_id, row: batch_row };
}

function workspaceOf({ workspace, workspace_until }: ShownRow): Task['workspace'] {
  if (workspace === null || workspace_until === null) return null;
  const { size, sha256, madeBy } = workspace;
  return { size, sha256, madeBy, expiresAt: workspace_until.toISOString() };
}

function keptFile({ name, size, type, sha256 }: StoredFile): KeptFile {
  return { name, size, type, sha256 };
}

function millisecondsBetween(start: Date | null, end: Date | null): number | null {
  // Two servers' clocks may disagree by a little; a duration is never negative.
  return start && end ? Math.max(0, end.getTime() - start.getTime()) : null;
}
