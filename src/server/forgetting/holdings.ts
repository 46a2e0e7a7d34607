// What each table of the database holds: whose a row is, and what each of its columns is. What forgets tasks,
// exports an account and deletes one goes by this table alone; a test compares it with a migrated database, so
// that a new table or column does not go unnoticed. The tables of packs are the platform's, and not in here.

import { ACCOUNT_HOLDINGS } from './account-holdings.ts';
import { BATCH_HOLDINGS } from './batch-holdings.ts';
import { WEBHOOK_HOLDINGS } from './webhook-holdings.ts';

/** A column, or an expression, by which rows belong to rows of another table, which it names by their `id`. */
export interface Link {
  column: string;
  to: string;
  /** Of what is compared. */
  type?: 'text';
}

/**
 * `identity`: ids, times, statuses, names of commands. `ledger`: what the bill and the ledger need. `setting`:
 * what an account wrote down to be used again, and deletes itself. `secret`: hashes of secrets, and sealed ones.
 */
type Kind = 'identity' | 'ledger' | 'setting' | 'secret';

export interface Holding extends Partial<Record<Kind, readonly string[]>> {
  /** How a row belongs to an account; none: it is nobody's. The account's own row is its `id`. */
  account: Link | null;
  /** How a row belongs to a task: by any of these. None: no row does. */
  task: readonly Link[];
  /**
   * What was said in a task by callers, agents, models or platforms, each with the SQL of what stands in its place
   * once the task is forgotten.
   */
  content: Readonly<Record<string, string>>;
  /** Whether rows of a forgotten task go whole. */
  goes?: true;
  /** Rows lie in partitions by this time, and none of a task is older than the task. */
  by?: 'created_at';
}

const OF_ACCOUNT: Link = { column: 'account_id', to: 'accounts' };
const OF_KEY: Link = { column: 'key_id', to: 'keys' };
const OF_TASK: Link = { column: 'task_id', to: 'tasks' };
/** The call was about a task, or about an approval of one. */
const OF_SUBJECT: readonly Link[] = [
  { column: 'subject_id', to: 'tasks' },
  { column: 'subject_id', to: 'approvals' },
];
const words = (text: string) => text.trim().split(/\s+/);
/** What is left of an error is its code. */
const codeOf = (column: string) =>
  `case when ${column} is null then null else jsonb_build_object('code', ${column}->'code', 'message', 'forgotten') end`;

const DOOR_START =
  'task_id lease_id sandbox_id vendor_id step until recorded_at created_at started_at heard_at ended_at claimed_by claimed_until events event_bytes artifact_bytes workspaces worked_at';
const OF_ITS_TASK = { account: OF_TASK, task: [OF_TASK], content: {} };
/** By table; one outside of the schema `public` with its schema. */
export const HOLDINGS: Readonly<Record<string, Holding>> = {
  ...ACCOUNT_HOLDINGS,
  ...BATCH_HOLDINGS,
  keys: {
    account: OF_ACCOUNT,
    task: [OF_TASK],
    identity: words(`
      id account_id prefix scopes created_at expires_at revoked_at revoked_by task_id caller_key_id enabled
      last_used_at rotated_at previous_secret_until expiry_announced created_by_key_id limited_by_key_id
      rotated_by tasks_may_create_lasting_keys identity_issued_at`),
    ledger: words('spend_per_day_nano_usd spend_per_month_nano_usd tokens_per_day spend_raises'),
    setting: words(`
      name allowed_cidrs requests_per_minute concurrent_tasks allowed_models models approval loop approves_scopes
      identity`),
    // Of a task key, what its task brought along; of others they are settings, which no task forgets.
    content: { metadata: `'{}'`, limits: `'[]'` },
    secret: words('secret_hash'),
  },
  replaced_secrets: {
    account: OF_KEY,
    task: [],
    identity: words('key_id works_until'),
    secret: words('secret_hash'),
    content: {},
  },
  sessions: {
    account: OF_KEY,
    task: [],
    identity: words('id key_id scopes created_at last_used_at expires_at'),
    secret: words('token_hash secret_hash'),
    content: {},
  },
  credentials: {
    account: OF_ACCOUNT,
    task: [],
    identity: words('id account_id pack key_id created_at updated_at'),
    secret: words('sealed'),
    content: {},
  },
  secrets_key_check: { account: null, task: [], identity: words('one'), secret: words('sealed'), content: {} },
  tasks: {
    account: OF_ACCOUNT,
    task: [{ column: 'id', to: 'tasks' }],
    identity: words(`
      id account_id key_id parent_task_id continues conversation_id status phase scopes timeout_ms resources
      template exit_code created_at started_at working_at begun_at completed_at runner_id lease_id lease_expires_at
      deadline last_seq event_batch events_dropped depth trace_parent risks approval loop wait_ms waited_ms
      waiting_since sandbox_id sandbox_reach free_since freed_from output_attempts messages keep workspace_until
      batch_id batch_row forgotten_at`),
    ledger: words(`
      model fallback_models input_tokens output_tokens usage billed_key_id llm_nano_usd compute_nano_usd cost_source
      budget used_tokens used_nano_usd used_calls overspent_at overspent`),
    content: {
      instruction: `''`,
      metadata: `'{}'`,
      limits: `'[]'`,
      stdout: 'null',
      stderr: 'null',
      error: codeOf('error'),
      output_schema: 'null',
      output: 'null',
      output_error: 'null',
      notes: `'{}'`,
      webhook_url: 'null',
      files: `'[]'`,
      artifacts: `'[]'`,
      workspace: 'null',
    },
  },
  events: {
    account: OF_TASK,
    task: [OF_TASK],
    identity: words('task_id seq created_at'),
    content: { body: `'{}'` },
    goes: true,
    by: 'created_at',
  },
  /** Their bytes lie in the store of files. */
  blobs: {
    account: OF_TASK,
    task: [OF_TASK],
    identity: words('id task_id created_at unused_since'),
    content: {},
  },
  task_credentials: {
    account: OF_TASK,
    task: [OF_TASK],
    identity: words('task_id pack'),
    secret: words('sealed'),
    content: {},
    goes: true,
  },
  calls: {
    account: OF_ACCOUNT,
    task: [OF_TASK],
    identity: words('id created_at account_id key_id task_id approval_id'),
    ledger: words('billed_key_id command effect scope status code duration_ms times'),
    content: { arguments: 'null', changes: 'null', idempotency_key: 'null', input_hash: 'null' },
    by: 'created_at',
  },
  model_calls: {
    account: OF_ACCOUNT,
    task: [OF_TASK],
    identity: words('id created_at account_id task_id'),
    ledger: words(`
      billed_key_id asked_model answered_model input_tokens output_tokens cached_tokens reasoning_tokens cost_nano_usd
      cost_source unpriced duration_ms outcome`),
    content: {},
    by: 'created_at',
  },
  compute: {
    account: OF_ACCOUNT,
    task: [OF_TASK],
    identity: words('task_id created_at account_id'),
    ledger: words('billed_key_id vcpu_seconds gb_seconds cost_nano_usd'),
    content: {},
    by: 'created_at',
  },
  spend: { account: OF_KEY, task: [], ledger: words('key_id day slot nano_usd tokens'), content: {} },
  reservations: {
    account: { column: 'billed_key_id', to: 'keys' },
    task: [OF_TASK],
    identity: words('id task_id created_at expires_at'),
    ledger: words('billed_key_id holders tokens nano_usd uncovered asked_model input_tokens output_tokens'),
    content: {},
  },
  /** A holder is a key, or a task. A counter is named after what its limit selects, not after values. */
  grant_counts: {
    account: { column: 'holder_id', to: 'keys' },
    task: [
      { column: 'holder_id', to: 'tasks' },
      { column: 'holder_id', to: 'keys' },
    ],
    identity: words('holder_id span counter amount updated_at'),
    content: {},
    goes: true,
  },
  grant_reservations: {
    account: { column: 'holder_id', to: 'keys' },
    task: [
      { column: 'holder_id', to: 'tasks' },
      { column: 'holder_id', to: 'keys' },
    ],
    identity: words('call_id holder_id span counter amount created_at'),
    content: {},
    goes: true,
  },
  approvals: {
    account: OF_ACCOUNT,
    task: [OF_TASK],
    identity: words(`
      id account_id kind state key_id billed_key_id task_id request_id command effect scope requested_at expires_at
      decided_at decided_by decided_via ran_at asking_keys claimed_until asked_again`),
    ledger: words('budget'),
    content: {
      idempotency_key: 'null',
      sealed_input: 'null',
      shown_input: 'null',
      exact_input: 'null',
      input_hash: 'null',
      summary: `''`,
      reason: `''`,
      version: 'null',
      message: 'null',
      sealed_result: 'null',
      error: codeOf('error'),
    },
  },
  approval_links: {
    account: OF_KEY,
    task: [],
    identity: words('approval_id key_id created_at used_at'),
    secret: words('token_hash'),
    content: {},
  },
  idempotency: {
    account: OF_KEY,
    task: [{ column: 'creation_id', to: 'tasks' }, ...OF_SUBJECT, OF_KEY],
    identity: words('key_id idempotency_key created_at creation_id working_until attempts approval_id subject_id'),
    // Of no bytes: it was answered, and the answer is forgotten.
    content: { request_hash: `''`, answer: `''` },
  },
  background_calls: {
    account: OF_ACCOUNT,
    task: [{ column: 'id', to: 'tasks' }, ...OF_SUBJECT, OF_KEY],
    identity: words(`
      id account_id key_id command idempotency_key request_hash status http_status requested_at completed_at
      claimed_until subject_id`),
    content: { sealed_input: 'null', sealed_result: 'null', error: codeOf('error') },
  },
  door_calls: { ...OF_ITS_TASK, identity: words('id task_id approval_id expires_at') },
  door_starts: { ...OF_ITS_TASK, identity: words(DOOR_START), secret: words('sealed_key guest_hash') },
  audit: {
    account: OF_ACCOUNT,
    task: [OF_TASK],
    identity: words(`
      id created_at account_id key_id task_id session_id address command target status code calls request_id`),
    content: {},
  },
  templates: {
    account: OF_ACCOUNT,
    task: [],
    identity: words('account_id name version key_id created_at'),
    setting: words('title description instruction parameters scopes limits task'),
    content: {},
  },
  schedules: {
    account: OF_ACCOUNT,
    task: [],
    identity: words(`
      id account_id key_id status failures due_after next_at starts_at tz_data created_at updated_at`),
    setting: words(`
      authority name cron run_at timezone command input overlap catch_up jitter max_failures pause_reason`),
    content: {},
  },
  schedule_runs: {
    account: OF_ACCOUNT,
    task: [{ column: 'id', to: 'tasks' }],
    identity: words(`
      id schedule_id account_id scheduled_for through manual status starts_at started_at completed_at is_task attempts
      claimed_until`),
    content: { reason: codeOf('reason') },
  },
  ...WEBHOOK_HOLDINGS,
  holds: {
    account: OF_ACCOUNT,
    task: [],
    identity: words('id account_id kind subject_id by_operator created_by created_at released_by released_at'),
    setting: words('reason'),
    content: {},
  },
  model_tests: {
    account: OF_ACCOUNT,
    task: [],
    identity: words('upstream model account_id begun_at tool_calls'),
    setting: words('result'),
    content: {},
  },
  llm_accounts: { account: null, task: [], ledger: words('account recent day day_requests'), content: {} },
  runners: { account: null, task: [], identity: words('id name state last_seen'), content: {} },
  token_buckets: { account: null, task: [], identity: words('who tokens at'), content: {} },
  shared_slots: { account: null, task: [], identity: words('id name lapses_at'), content: {} },
  loop_turns: { account: null, task: [], identity: words('name turned_at'), content: {} },
  lease_looks: { account: null, task: [], identity: words('one since last'), content: {} },
  migrations: {
    account: null,
    task: [],
    identity: words('number name checksum applied_at servers_from'),
    content: {},
  },
  pack_migrations: {
    account: null,
    task: [],
    identity: words('pack number name checksum applied_at told_off_at servers_from'),
    content: {},
  },
  /** A job's id is its task's, and Seed gives it no data. */
  'pgboss.job': {
    account: { column: 'id', to: 'tasks' },
    task: [{ column: 'id', to: 'tasks' }],
    identity: words(`
      id name priority state retry_limit retry_count retry_delay retry_backoff retry_delay_max expire_seconds
      deletion_seconds singleton_key singleton_on group_id group_tier start_after created_on started_on completed_on
      keep_until dead_letter policy heartbeat_on heartbeat_seconds blocked blocking pending_dependencies source_name
      source_id source_created_on source_retry_count source_root_id upsert_by_key`),
    content: { data: 'null', output: 'null', source_output: 'null', trace_context: 'null' },
    goes: true,
  },
};

/** pg-boss's tables besides that of its jobs tell how it works, and nothing of any account. */
export const NOBODYS_TABLES = words(`
  pgboss.bam pgboss.instance pgboss.job_dependency pgboss.queue pgboss.queue_stats pgboss.schedule
  pgboss.subscription pgboss.version pgboss.warning`);
