-- Every call of a model that a task made, whatever came of it.
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
  duration_ms integer not null,
  -- ok, cancelled, or the code of the error it ended with.
  outcome text not null,
  primary key (created_at, id)
) partition by range (created_at);
create table model_calls_default partition of model_calls default;
create index model_calls_newest on model_calls (account_id, created_at desc, id desc);
create index model_calls_of_task on model_calls (task_id, created_at, id);

-- What the sandbox of a task used and cost: one row for each task that had one.
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

-- The sums of the task's rows in the two tables above.
alter table tasks
  add column llm_nano_usd bigint not null default 0,
  add column compute_nano_usd bigint not null default 0;
