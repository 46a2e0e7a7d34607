create table accounts (
  id uuid primary key,
  name text not null,
  operator boolean not null,
  created_at timestamptz not null
);
create index accounts_newest on accounts (created_at desc, id desc);

create table keys (
  id uuid primary key,
  account_id uuid not null references accounts (id),
  name text not null,
  prefix text not null,
  -- SHA-256, hex; the secret itself is nowhere.
  secret_hash text not null unique,
  scopes text[] not null,
  created_at timestamptz not null,
  expires_at timestamptz,
  revoked_at timestamptz,
  -- The key that revoked this one; null when Seed did, at a task's end.
  revoked_by uuid,
  -- Of a task key: the task, and the key that posted it. The task key is worth nothing once that one is not active.
  task_id uuid,
  caller_key_id uuid references keys (id)
);
create index keys_newest on keys (account_id, created_at desc, id desc);
-- What a plain listing shows besides other keys: task keys that need someone's attention. Live and cleanly ended ones stay out.
create index keys_newest_without_managed on keys (account_id, created_at desc, id desc)
  where task_id is null or revoked_by is not null or revoked_at is null;
create index keys_of_task on keys (task_id) where task_id is not null;

create table tasks (
  id uuid primary key,
  account_id uuid not null references accounts (id),
  key_id uuid not null references keys (id),
  parent_task_id uuid references tasks (id),
  status text not null check (
    status in ('queued', 'running', 'waiting_for_approval', 'completed', 'failed', 'timed_out', 'stopped')
  ),
  phase text check (phase in ('starting', 'working', 'finishing')),
  instruction text not null,
  -- {requested, effective, denied}
  scopes jsonb not null,
  timeout_ms integer not null,
  model text not null,
  metadata jsonb not null,
  stdout text,
  stderr text,
  exit_code integer,
  -- {code, message}
  error jsonb,
  input_tokens bigint not null default 0,
  output_tokens bigint not null default 0,
  created_at timestamptz not null,
  started_at timestamptz,
  working_at timestamptz,
  completed_at timestamptz,
  runner_id uuid,
  lease_id uuid,
  lease_expires_at timestamptz,
  deadline timestamptz,
  -- Of the newest event; counts from 1 without gaps.
  last_seq integer not null default 0,
  -- Number of the last batch of events from the runner.
  event_batch integer not null default 0,
  events_dropped boolean not null default false,
  check ((status in ('completed', 'failed', 'timed_out', 'stopped')) = (completed_at is not null))
);
create index tasks_newest on tasks (account_id, created_at desc, id desc);
create index tasks_newest_by_status on tasks (account_id, status, created_at desc, id desc);
create index tasks_newest_by_key on tasks (account_id, key_id, created_at desc, id desc);
create index tasks_newest_by_parent on tasks (account_id, parent_task_id, created_at desc, id desc)
  where parent_task_id is not null;
create index tasks_lapsing_leases on tasks (lease_expires_at) where status = 'running';
create index tasks_lapsing_deadlines on tasks (deadline) where status in ('running', 'waiting_for_approval');

create table events (
  task_id uuid not null references tasks (id),
  seq integer not null,
  at timestamptz not null,
  body jsonb not null,
  primary key (task_id, seq)
);

create table runners (
  id uuid primary key,
  name text not null,
  -- RunnerState of protocol/runner.ts
  state jsonb not null,
  last_seen timestamptz not null
);
create index runners_last_seen on runners (last_seen);
