// The tables as kysely sees them. They are made by migrations/*.sql; a change there is a change here.
import type { ColumnType, Kysely, RawBuilder, Selectable, Transaction } from 'kysely';
import type { Budget } from '../protocol/budget.ts';
import type { CostSource } from '../protocol/cost-source.ts';
import type { AgentEvent, ServerEvent } from '../protocol/event.ts';
import type { KeptFile } from '../protocol/file.ts';
import type { HoldKind } from '../protocol/forgetting.ts';
import type { ApprovalSetting, Limit, LoopSetting } from '../protocol/grant.ts';
import type { Keep } from '../protocol/keep.ts';
import type { Identity } from '../protocol/key.ts';
import type { SpendLimit } from '../protocol/key-limits.ts';
import type { Effect } from '../protocol/manifest.ts';
import type { ModelTest } from '../protocol/model.ts';
import type { AnswerSchema } from '../protocol/output.ts';
import type { Resources, Usage } from '../protocol/resources.ts';
import type { RunnerState } from '../protocol/runner.ts';
import type { ScopeGrant } from '../protocol/scope.ts';
import type { TaskError, TaskPhase, TaskStatus } from '../protocol/task.ts';
import type { Parameters, TemplateTask, UsedTemplate } from '../protocol/template.ts';
import type { AccountTables } from './account-tables.ts';
import type { BatchTables } from './batch-tables.ts';
import type { Defaulted, Json, JsonOrNull } from './columns.ts';
import type { DoorTables } from './door-tables.ts';
import type { GrantTables } from './grant-tables.ts';
import type { ScheduleTables } from './schedule-tables.ts';
import type { WebhookTables } from './webhook-tables.ts';

/** A file of a task with the id of the blob that has its content. */
export interface StoredFile extends KeptFile {
  blobId: string;
}

/** An archive of /workspace, and the task at whose end it was made. */
export interface StoredWorkspace {
  blobId: string;
  size: number;
  sha256: string;
  madeBy: string;
}

/** `to`: in billionths of a US dollar, or tokens. `until`: ISO 8601. */
export type SpendRaises = { [Name in SpendLimit]?: { to: number; until: string } };

export interface Tables
  extends AccountTables,
    BatchTables,
    DoorTables,
    GrantTables,
    ScheduleTables,
    WebhookTables {
  blobs: { id: string; task_id: string; created_at: Date; unused_since: Date | null };
  credentials: {
    id: string;
    account_id: string;
    pack: string;
    key_id: string | null;
    sealed: Buffer;
    created_at: Date;
    updated_at: Date;
  };
  task_credentials: { task_id: string; pack: string; sealed: Buffer };
  secrets_key_check: { one: Defaulted<boolean>; sealed: Buffer };
  spend: {
    key_id: string;
    /** `2026-11-24`; read it as text, the driver makes a local time of it. */
    day: string;
    /** What was spent is the sum over these. */
    slot: Defaulted<number>;
    nano_usd: number;
    tokens: number;
  };
  reservations: {
    id: string;
    /** Null, with all that follows: a server from before these columns wrote it. */
    task_id: string | null;
    created_at: Date | null;
    expires_at: Date;
    asked_model: string | null;
    input_tokens: number | null;
    output_tokens: Defaulted<number>;
    billed_key_id: string;
    holders: string[];
    tokens: number | null;
    nano_usd: number | null;
    uncovered: string[];
  };
  model_tests: {
    upstream: string;
    model: string;
    account_id: string;
    begun_at: Date;
    result: JsonOrNull<ModelTest>;
    tool_calls: 'native' | 'text' | null;
  };
  model_calls: {
    id: string;
    created_at: Date;
    account_id: string;
    billed_key_id: string;
    /** Null: a test of a model, which belongs to no task. */
    task_id: string | null;
    asked_model: string;
    answered_model: string | null;
    input_tokens: number;
    output_tokens: number;
    cached_tokens: number;
    reasoning_tokens: number;
    cost_nano_usd: number;
    cost_source: CostSource;
    /** Null: a server from before this column wrote it, and the source says it. */
    unpriced: boolean | null;
    duration_ms: number;
    outcome: string;
  };
  compute: {
    task_id: string;
    created_at: Date;
    account_id: string;
    billed_key_id: string;
    vcpu_seconds: number;
    gb_seconds: number;
    cost_nano_usd: number;
  };
  llm_accounts: { account: string; recent: Date[]; day: string; day_requests: number };
  idempotency: {
    key_id: string;
    idempotency_key: string;
    created_at: Date;
    request_hash: string;
    creation_id: string;
    working_until: Date;
    answer: Defaulted<Buffer | null>;
    attempts: Defaulted<number>;
    approval_id: Defaulted<string | null>;
    subject_id: Defaulted<string | null>;
  };
  calls: {
    id: string;
    created_at: Date;
    account_id: string;
    key_id: string;
    billed_key_id: string;
    task_id: string | null;
    command: string;
    effect: Effect;
    scope: string | null;
    /** Null: the outcome is not known. */
    status: number | null;
    code: string | null;
    duration_ms: number | null;
    arguments: JsonOrNull<unknown>;
    changes: JsonOrNull<unknown>;
    /** So many calls alike; null: one. */
    times: number | null;
    idempotency_key: string | null;
    approval_id: Defaulted<string | null>;
  };
  audit: {
    id: string;
    created_at: Date;
    account_id: string | null;
    key_id: string | null;
    task_id: string | null;
    address: string | null;
    command: string | null;
    target: string | null;
    status: number;
    code: string | null;
    calls: number;
    request_id: string | null;
    session_id: Defaulted<string | null>;
  };
  sessions: {
    id: string;
    token_hash: string;
    key_id: string;
    secret_hash: string;
    scopes: string[] | null;
    created_at: Date;
    last_used_at: Date;
    expires_at: Date;
  };
  replaced_secrets: { secret_hash: string; key_id: string; works_until: Date };
  accounts: {
    id: string;
    name: string;
    operator: boolean;
    created_at: Date;
    models: Defaulted<string[] | null>;
    deleting_since: Defaulted<Date | null>;
    content_days: Defaulted<number | null>;
    ledger_days: Defaulted<number | null>;
  };
  holds: {
    id: string;
    account_id: string;
    kind: HoldKind;
    subject_id: string;
    reason: string;
    by_operator: boolean;
    created_by: string;
    created_at: Date;
    released_by: Defaulted<string | null>;
    released_at: Defaulted<Date | null>;
  };
  keys: {
    id: string;
    account_id: string;
    name: string;
    prefix: string;
    secret_hash: string;
    scopes: string[];
    created_at: Date;
    expires_at: Date | null;
    revoked_at: Date | null;
    revoked_by: string | null;
    task_id: string | null;
    caller_key_id: string | null;
    metadata: ColumnType<Record<string, string>, string | undefined, string>;
    enabled: Defaulted<boolean>;
    last_used_at: Defaulted<Date | null>;
    rotated_at: Defaulted<Date | null>;
    previous_secret_until: Defaulted<Date | null>;
    allowed_cidrs: Defaulted<string[] | null>;
    requests_per_minute: Defaulted<number | null>;
    concurrent_tasks: Defaulted<number | null>;
    allowed_models: Defaulted<string[] | null>;
    models: Defaulted<string[] | null>;
    spend_per_day_nano_usd: Defaulted<number | null>;
    spend_per_month_nano_usd: Defaulted<number | null>;
    tokens_per_day: Defaulted<number | null>;
    spend_raises: ColumnType<SpendRaises, string | undefined, string | RawBuilder<SpendRaises>>;
    tasks_may_create_lasting_keys: Defaulted<boolean>;
    limits: ColumnType<Limit[], string | undefined, string>;
    approval: JsonOrNull<ApprovalSetting>;
    loop: Defaulted<LoopSetting | null>;
    created_by_key_id: Defaulted<string | null>;
    rotated_by: Defaulted<string[]>;
    limited_by_key_id: Defaulted<string | null>;
    expiry_announced: Defaulted<Date | null>;
    identity: JsonOrNull<Identity>;
    identity_issued_at: Defaulted<Date | null>;
    approves_scopes: Defaulted<string[] | null>;
  };
  templates: {
    account_id: string;
    name: string;
    version: number;
    title: string;
    description: string;
    instruction: string;
    parameters: JsonOrNull<Parameters>;
    scopes: string[];
    limits: Json<Limit[]>;
    task: Json<TemplateTask>;
    key_id: string;
    created_at: Date;
  };
  tasks: {
    id: string;
    account_id: string;
    key_id: string;
    parent_task_id: string | null;
    status: TaskStatus;
    phase: TaskPhase | null;
    instruction: string;
    template: JsonOrNull<UsedTemplate>;
    scopes: Json<ScopeGrant>;
    timeout_ms: number;
    model: string;
    fallback_models: Defaulted<string[]>;
    resources: Json<Resources>;
    usage: JsonOrNull<Usage>;
    metadata: Json<Record<string, string>>;
    stdout: string | null;
    output_schema: JsonOrNull<AnswerSchema>;
    output: JsonOrNull<AnswerSchema>;
    output_attempts: Defaulted<number | null>;
    output_error: Defaulted<string | null>;
    stderr: string | null;
    exit_code: number | null;
    error: JsonOrNull<TaskError>;
    input_tokens: Defaulted<number>;
    output_tokens: Defaulted<number>;
    created_at: Date;
    started_at: Date | null;
    working_at: Date | null;
    completed_at: Date | null;
    runner_id: string | null;
    lease_id: string | null;
    lease_expires_at: Date | null;
    begun_at: Date | null;
    deadline: Date | null;
    last_seq: Defaulted<number>;
    event_batch: Defaulted<number>;
    events_dropped: Defaulted<boolean>;
    billed_key_id: string;
    llm_nano_usd: Defaulted<number>;
    cost_source: Defaulted<CostSource>;
    compute_nano_usd: Defaulted<number>;
    webhook_url: Defaulted<string | null>;
    trace_parent: Defaulted<string | null>;
    depth: Defaulted<number>;
    budget: JsonOrNull<Budget>;
    used_tokens: Defaulted<number>;
    used_nano_usd: Defaulted<number>;
    used_calls: Defaulted<number>;
    overspent_at: Defaulted<Date | null>;
    overspent: Defaulted<string | null>;
    files: ColumnType<StoredFile[], string | undefined, string>;
    artifacts: ColumnType<StoredFile[], string | undefined, string>;
    limits: ColumnType<Limit[], string | undefined, string>;
    approval: JsonOrNull<ApprovalSetting>;
    loop: Defaulted<LoopSetting | null>;
    risks: Defaulted<string[]>;
    wait_ms: Defaulted<number>;
    waited_ms: Defaulted<number>;
    waiting_since: Defaulted<Date | null>;
    sandbox_id: Defaulted<string | null>;
    sandbox_reach: Defaulted<string | null>;
    free_since: Defaulted<Date | null>;
    freed_from: Defaulted<string | null>;
    continues: Defaulted<string | null>;
    conversation_id: Defaulted<string | null>;
    notes: Defaulted<string[]>;
    messages: Defaulted<number>;
    keep: JsonOrNull<Keep>;
    workspace: JsonOrNull<StoredWorkspace>;
    workspace_until: Defaulted<Date | null>;
    batch_id: Defaulted<string | null>;
    batch_row: Defaulted<number | null>;
    forgotten_at: Defaulted<Date | null>;
  };
  events: { task_id: string; seq: number; created_at: Date; body: Json<AgentEvent | ServerEvent> };
  runners: { id: string; name: string; state: Json<RunnerState>; last_seen: Date };
}

export type SessionsTable = Tables['sessions'];
export type AccountRow = Selectable<Tables['accounts']>;
export type KeyRow = Selectable<Tables['keys']>;
export type ApprovalRow = Selectable<Tables['approvals']>;
export type TaskRow = Selectable<Tables['tasks']>;
export type WebhookEndpointRow = Selectable<Tables['webhook_endpoints']>;
export type WebhookEventRow = Selectable<Tables['webhook_events']>;
export type WebhookDeliveryRow = Selectable<Tables['webhook_deliveries']>;

/** A connection pool or a transaction on it. */
export type Db = Kysely<Tables> | Transaction<Tables>;
export type Tx = Transaction<Tables>;
