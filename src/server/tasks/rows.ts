// A task's row: read, locked, and turned into the task object. Every file about tasks goes through here.

import type { StoredFile, TaskRow, Tx } from '../../db/tables.ts';
import { usdOf } from '../../lib/money.ts';
import type { KeptFile } from '../../protocol/file.ts';
import { modelNote } from '../../protocol/model.ts';
import type { Task } from '../../protocol/task.ts';

/** Locks the row until the transaction ends. */
export function lockTask(tx: Tx, id: string): Promise<TaskRow | undefined> {
  return tx.selectFrom('tasks').selectAll().where('id', '=', id).forNoKeyUpdate().executeTakeFirst();
}

export function toTask(row: TaskRow): Task {
  return {
    id: row.id,
    status: row.status,
    stdout: row.stdout,
    stderr: row.stderr,
    exitCode: row.exit_code,
    inputTokens: row.input_tokens,
    outputTokens: row.output_tokens,
    createdAt: row.created_at.toISOString(),
    completedAt: row.completed_at?.toISOString() ?? null,
    instruction: row.instruction,
    scopes: row.scopes,
    timeout: row.timeout_ms,
    model: row.model,
    fallbackModels: row.fallback_models,
    modelNote: modelNote([row.model, ...row.fallback_models]),
    resources: row.resources,
    usage: row.usage,
    budget: row.budget,
    used: { tokens: row.used_tokens, usd: usdOf(row.used_nano_usd), calls: row.used_calls },
    phase: row.phase,
    statusNote: null,
    error: row.error,
    cost: {
      compute: usdOf(row.compute_nano_usd),
      llm: usdOf(row.llm_nano_usd),
      total: usdOf(row.compute_nano_usd + row.llm_nano_usd),
      currency: 'USD',
    },
    costSource: row.cost_source,
    startedAt: row.started_at?.toISOString() ?? null,
    deadline: row.deadline?.toISOString() ?? null,
    queuedMs: millisecondsBetween(row.created_at, row.started_at),
    startMs: millisecondsBetween(row.started_at, row.working_at),
    runMs: millisecondsBetween(row.working_at, row.completed_at),
    keyId: row.key_id,
    parentTaskId: row.parent_task_id,
    files: row.files.map(keptFile),
    artifacts: row.artifacts.map(keptFile),
    metadata: row.metadata,
  };
}

function keptFile({ name, size, type, sha256 }: StoredFile): KeptFile {
  return { name, size, type, sha256 };
}

function millisecondsBetween(start: Date | null, end: Date | null): number | null {
  // Two servers' clocks may disagree by a little; a duration is never negative.
  return start && end ? Math.max(0, end.getTime() - start.getTime()) : null;
}
