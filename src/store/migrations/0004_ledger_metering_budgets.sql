-- Rows that come by the thousand are kept in one partition per UTC day, made ahead and dropped whole when they are too old
-- (store/partitions.ts). The default partition takes what arrives for a day that has none.

-- Every call of a command with a key. Those of a task are its ledger.
create table calls (
  -- The request's id.
  id uuid not null,
  created_at timestamptz not null,
  account_id uuid not null,
  key_id uuid not null,
  -- The key that pays: of a task's calls the one that posted the first task of its chain, else key_id.
  billed_key_id uuid not null,
  task_id uuid,
  command text not null,
  effect text not null check (effect in ('read', 'write', 'destructive')),
  scope text,
  -- HTTP status of the answer, and the error code where it was one.
  status integer not null,
  code text,
  duration_ms integer not null,
  -- Of a task's calls only: the input, with secrets and large values cut.
  arguments jsonb,
  -- Of a task's writes that succeeded: the answer, cut in the same way.
  changes jsonb,
  primary key (created_at, id)
) partition by range (created_at);
create table calls_default partition of calls default;
create index calls_newest on calls (account_id, created_at desc, id desc);
create index calls_of_task on calls (task_id, created_at, id) where task_id is not null;

-- Every call of a model.
create table model_calls (
  id uuid not null,
  created_at timestamptz not null,
  account_id uuid not null,
  billed_key_id uuid not null,
  task_id uuid not null,
  asked_model text not null,
  -- Null: the upstream did not say, or did not answer.
  answered_model text,
  input_tokens bigint not null,
  output_tokens bigint not null,
  -- Parts of the two above.
  cached_tokens bigint not null,
  reasoning_tokens bigint not null,
  -- Billionths of a US dollar, so that sums are exact.
  cost_nano_usd bigint not null,
  cost_source text not null check (cost_source in ('upstream', 'prices', 'unknown')),
  first_token_ms integer,
  duration_ms integer not null,
  -- ok, or an error code, or cancelled.
  outcome text not null,
  primary key (created_at, id)
) partition by range (created_at);
create table model_calls_default partition of model_calls default;
create index model_calls_newest on model_calls (account_id, created_at desc, id desc);
create index model_calls_of_task on model_calls (task_id, created_at, id);

-- What the sandbox of a task cost: one row for each task that had one.
create table compute (
  task_id uuid not null,
  created_at timestamptz not null,
  account_id uuid not null,
  billed_key_id uuid not null,
  vcpu_seconds double precision not null,
  gb_seconds double precision not null,
  cost_nano_usd bigint not null,
  primary key (created_at, task_id)
) partition by range (created_at);
create table compute_default partition of compute default;
create index compute_newest on compute (account_id, created_at desc);
create index compute_of_task on compute (task_id);

-- {tokens?, usd?, calls?}: what the task and the tasks below it may spend on models and sandboxes.
alter table tasks
  add column budget jsonb not null default '{}',
  add column billed_key_id uuid,
  -- Of the task and all below it: what calls that have ended took, and what calls under way may take at most.
  add column spent_tokens bigint not null default 0,
  add column spent_nano_usd bigint not null default 0,
  add column spent_calls bigint not null default 0,
  add column reserved_tokens bigint not null default 0,
  add column reserved_nano_usd bigint not null default 0,
  add column reserved_calls bigint not null default 0,
  -- Of the task alone: the sums of its rows in model_calls and compute.
  add column llm_nano_usd bigint not null default 0,
  add column compute_nano_usd bigint not null default 0;
update tasks set billed_key_id = key_id;
alter table tasks alter column billed_key_id set not null;

-- Null: not limited.
alter table keys
  add column spend_usd_per_day double precision,
  add column spend_usd_per_month double precision;

-- What a key has spent in a UTC day ('2026-11-24') or month ('2026-11'), with all tasks that it pays for.
create table key_spend (
  key_id uuid not null references keys (id),
  period text not null,
  spent_nano_usd bigint not null,
  reserved_nano_usd bigint not null,
  primary key (key_id, period)
);

-- Answers to creating commands, kept for 24 hours for callers that repeat a request with the same Idempotency-Key.
create table idempotency (
  key_id uuid not null,
  -- As sent, at most 255 characters.
  idempotency_key text not null,
  created_at timestamptz not null,
  command text not null,
  -- SHA-256 of command and input, hex.
  request_hash text not null,
  -- Null: the first request is being worked on, by the server that renews this until then.
  status integer,
  body jsonb,
  working_until timestamptz,
  primary key (key_id, idempotency_key)
);
create index idempotency_oldest on idempotency (created_at);
