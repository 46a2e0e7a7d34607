// The tables of batches, which are part of those in tables.ts.
import type { ColumnType } from 'kysely';
import type { BatchReason, BatchStatus, BatchTask, RowInput, RowStatus } from '../protocol/batch.ts';
import type { Budget } from '../protocol/budget.ts';
import type { Defaulted, Json, JsonOrNull } from './columns.ts';

type Count = Defaulted<number>;

export interface BatchTables {
  batches: {
    id: string;
    account_id: string;
    key_id: string;
    authority: Json<unknown>;
    name: string;
    task: Json<BatchTask>;
    fills: string[];
    attach: boolean;
    columns: string[];
    notes: string[];
    source: string | null;
    concurrency: number;
    budget: JsonOrNull<Budget>;
    status: BatchStatus;
    pause_reason: JsonOrNull<BatchReason>;
    note: Defaulted<string | null>;
    rows: number;
    pending: number;
    invalid: number;
    queued: Count;
    running: Count;
    waiting_for_approval: Count;
    completed: Count;
    failed: Count;
    timed_out: Count;
    stopped: Count;
    used_tokens: Count;
    used_nano_usd: Count;
    used_calls: Count;
    refusals: Count;
    retry_at: Defaulted<Date | null>;
    claimed_until: Defaulted<Date | null>;
    created_at: Date;
    updated_at: Date;
    completed_at: Defaulted<Date | null>;
  };
  batch_rows: {
    batch_id: string;
    number: number;
    input: ColumnType<RowInput, string, string>;
    status: RowStatus;
    task_id: Defaulted<string>;
    has_task: Defaulted<boolean>;
    attempt: Defaulted<number>;
    earlier: Defaulted<string[]>;
    error: JsonOrNull<BatchReason>;
  };
}
