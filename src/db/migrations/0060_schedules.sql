-- servers from: 0049
-- What starts by the clock, and what became of each time that it was due (src/server/schedules).
create table schedules (
  id uuid primary key,
  account_id uuid not null references accounts (id),
  -- Whose authority its runs have: that of the key that last said what it does.
  key_id uuid not null references keys (id),
  -- What that key, and all whose limits bind it, were then: a run never has less in silence.
  authority jsonb not null,
  name text not null,
  -- One of the two.
  cron text,
  run_at timestamptz,
  timezone text not null,
  -- The command that a run calls, and its input: for a task `tasks run` with what that takes.
  command text not null,
  input jsonb not null,
  overlap text not null,
  catch_up text not null,
  jitter text not null,
  max_failures integer not null,
  status text not null,
  pause_reason jsonb,
  failures integer not null default 0,
  -- The last due time that runs tell of, or when it was made or resumed: the next one is behind it.
  due_after timestamptz not null,
  -- Null: it is paused, or nothing comes any more. The second is when that run starts.
  next_at timestamptz,
  starts_at timestamptz,
  -- The tz data by which these were reckoned.
  tz_data text not null,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create index schedules_of_account on schedules (account_id, created_at desc, id desc);
create unique index schedules_by_name on schedules (account_id, name);
create index schedules_due on schedules (starts_at) where starts_at is not null;

create table schedule_runs (
  -- Also that of its task.
  id uuid primary key,
  schedule_id uuid not null references schedules (id) on delete cascade,
  account_id uuid not null,
  scheduled_for timestamptz not null,
  -- Of a skip that stands for many: the last of its due times.
  through timestamptz,
  manual boolean not null default false,
  status text not null,
  starts_at timestamptz not null,
  started_at timestamptz,
  completed_at timestamptz,
  is_task boolean not null default false,
  reason jsonb,
  attempts integer not null default 0,
  -- Until when the server that sees to it has it to itself, or when it is tried again.
  claimed_until timestamptz,
  unique (schedule_id, scheduled_for)
);
create index schedule_runs_to_start on schedule_runs (starts_at) where status in ('due', 'waiting', 'starting');
create index schedule_runs_under_way on schedule_runs (account_id) where status in ('due', 'starting', 'started');
