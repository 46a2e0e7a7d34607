// The tables of schedules and of calls in the background, which are part of those in tables.ts.
import type { BackgroundError, BackgroundStatus } from '../protocol/background-call.ts';
import type { RunStatus, ScheduleReason, ScheduleSettings, ScheduleStatus } from '../protocol/schedule.ts';
import type { Defaulted, Json, JsonOrNull } from './columns.ts';

export interface ScheduleTables {
  schedules: {
    id: string;
    account_id: string;
    key_id: string;
    authority: Json<unknown>;
    name: string;
    cron: string | null;
    run_at: Date | null;
    timezone: string;
    command: string;
    input: Json<Record<string, unknown>>;
    overlap: ScheduleSettings['overlap'];
    catch_up: ScheduleSettings['catchUp'];
    jitter: string;
    max_failures: number;
    status: ScheduleStatus;
    pause_reason: JsonOrNull<ScheduleReason>;
    failures: Defaulted<number>;
    due_after: Date;
    next_at: Date | null;
    starts_at: Date | null;
    tz_data: string;
    created_at: Date;
    updated_at: Date;
  };
  schedule_runs: {
    id: string;
    schedule_id: string;
    account_id: string;
    scheduled_for: Date;
    through: Defaulted<Date | null>;
    manual: Defaulted<boolean>;
    status: RunStatus;
    starts_at: Date;
    started_at: Defaulted<Date | null>;
    completed_at: Defaulted<Date | null>;
    is_task: Defaulted<boolean>;
    reason: JsonOrNull<ScheduleReason>;
    attempts: Defaulted<number>;
    claimed_until: Defaulted<Date | null>;
  };
  background_calls: {
    id: string;
    account_id: string;
    key_id: string;
    command: string;
    sealed_input: Buffer | null;
    idempotency_key: string | null;
    request_hash: string;
    status: BackgroundStatus;
    http_status: Defaulted<number | null>;
    sealed_result: Defaulted<Buffer | null>;
    error: JsonOrNull<BackgroundError>;
    requested_at: Date;
    completed_at: Defaulted<Date | null>;
    claimed_until: Defaulted<Date | null>;
    subject_id: Defaulted<string | null>;
  };
}
