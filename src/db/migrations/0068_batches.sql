-- servers from: 0049
-- One instruction and many inputs: what tasks of a batch are posted with, its rows, and how many are how far
-- (src/server/batches).
create table batches (
  id uuid primary key,
  account_id uuid not null references accounts (id),
  -- Whose authority its tasks have: that of the key that made it, or last resumed it.
  key_id uuid not null references keys (id),
  -- What that key, and all whose limits bind it, were then: a row never runs with less in silence.
  authority jsonb not null,
  name text not null,
  -- What each task is posted with, but for what its row says.
  task jsonb not null,
  -- What of a row goes into the instruction, or into the template's parameters.
  fills text[] not null,
  -- Whether a task finds its row in a file.
  attach boolean not null,
  -- Of its rows, in the order in which they were first seen.
  columns text[] not null,
  notes text[] not null,
  -- The file that the rows came in; null: the request itself.
  source text,
  concurrency integer not null,
  -- What all of its tasks together may use; null: not limited.
  budget jsonb,
  status text not null,
  pause_reason jsonb,
  -- Why nothing starts at the moment.
  note text,
  -- How many rows there are, and how many of them are so.
  rows integer not null,
  pending integer not null,
  invalid integer not null,
  queued integer not null default 0,
  running integer not null default 0,
  waiting_for_approval integer not null default 0,
  completed integer not null default 0,
  failed integer not null default 0,
  timed_out integer not null default 0,
  stopped integer not null default 0,
  used_tokens bigint not null default 0,
  used_nano_usd bigint not null default 0,
  used_calls integer not null default 0,
  -- Rows in a row that could not be started, and when it is tried again.
  refusals integer not null default 0,
  retry_at timestamptz,
  -- Until when the server that starts its rows has it to itself.
  claimed_until timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  completed_at timestamptz
);
create index batches_of_account on batches (account_id, created_at desc, id desc);
create index batches_going_on on batches (account_id) where completed_at is null;

create table batch_rows (
  batch_id uuid not null references batches (id) on delete cascade,
  number integer not null,
  -- As it was given: jsonb would put its fields in another order.
  input json not null,
  status text not null,
  -- Decided with the row, so that whoever starts it starts the same task.
  task_id uuid not null default gen_random_uuid(),
  has_task boolean not null default false,
  attempt integer not null default 1,
  -- The tasks of the attempts before.
  earlier uuid[] not null default '{}',
  error jsonb,
  primary key (batch_id, number)
);
create index batch_rows_by_status on batch_rows (batch_id, status, number);

alter table tasks add column batch_id uuid, add column batch_row integer;

-- A row has its task in the transaction that makes the task, once, and only while the batch goes on. Whoever locks
-- both locks a batch before its rows, and a task before its batch. Whatever tables of packs the transaction is for,
-- these are Seed's own.
create function batch_task_made() returns trigger language plpgsql set search_path from current as $$
begin
  update batches set pending = pending - 1, queued = queued + 1, refusals = 0, retry_at = null, note = null
    where id = new.batch_id and status = 'running';
  if found then
    update batch_rows set status = 'queued', has_task = true, error = null
      where batch_id = new.batch_id and number = new.batch_row and task_id = new.id and status = 'pending';
  end if;
  if not found then
    raise exception 'row % of the batch % starts no task', new.batch_row, new.batch_id using errcode = 'SB001';
  end if;
  return null;
end $$;
create trigger batch_task_made after insert on tasks
  for each row when (new.batch_id is not null) execute function batch_task_made();

-- Whatever changes a task changes the counts and sums of its batch with it.
create function batch_task_changed() returns trigger language plpgsql set search_path from current as $$
begin
  update batches set
    queued = queued + (new.status = 'queued')::int - (old.status = 'queued')::int,
    running = running + (new.status = 'running')::int - (old.status = 'running')::int,
    waiting_for_approval = waiting_for_approval
      + (new.status = 'waiting_for_approval')::int - (old.status = 'waiting_for_approval')::int,
    completed = completed + (new.status = 'completed')::int - (old.status = 'completed')::int,
    failed = failed + (new.status = 'failed')::int - (old.status = 'failed')::int,
    timed_out = timed_out + (new.status = 'timed_out')::int - (old.status = 'timed_out')::int,
    stopped = stopped + (new.status = 'stopped')::int - (old.status = 'stopped')::int,
    used_tokens = used_tokens + new.used_tokens - old.used_tokens,
    used_nano_usd = used_nano_usd + new.used_nano_usd - old.used_nano_usd,
    used_calls = used_calls + new.used_calls - old.used_calls
    where id = new.batch_id;
  if new.status <> old.status then
    update batch_rows set status = new.status
      where batch_id = new.batch_id and number = new.batch_row and task_id = new.id;
  end if;
  return null;
end $$;
create trigger batch_task_changed after update of status, used_tokens, used_nano_usd, used_calls on tasks
  for each row when (new.batch_id is not null and (old.status, old.used_tokens, old.used_nano_usd, old.used_calls)
    is distinct from (new.status, new.used_tokens, new.used_nano_usd, new.used_calls))
  execute function batch_task_changed();
