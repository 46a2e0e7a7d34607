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

-- The key that pays for a task: the one that posted the first task of its chain.
alter table tasks add column billed_key_id uuid;
update tasks set billed_key_id = key_id;
alter table tasks alter column billed_key_id set not null;
