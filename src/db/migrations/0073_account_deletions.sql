-- servers from: 0067
-- Since when an account is being deleted: from then on none of its keys is worth anything.
alter table accounts add column deleting_since timestamptz;

-- What is left of a deleted account: that it was there, and who had it deleted. No name, no content.
create table account_deletions (
  account_id uuid primary key,
  requested_at timestamptz not null,
  -- The operator's key that asked for it.
  requested_by uuid not null,
  rows bigint not null default 0,
  blobs bigint not null default 0,
  completed_at timestamptz,
  -- Until when the server that works at it has it to itself.
  claimed_until timestamptz,
  -- When it is looked again whether a call that was under way has written something since. Null: never again.
  look_at timestamptz
);
create index account_deletions_newest on account_deletions (requested_at desc, account_id desc);
create index account_deletions_to_do on account_deletions (look_at) where look_at is not null;

-- The sums of its bill by UTC month, which grow as the rows that they are of are deleted.
create table account_bills (
  account_id uuid not null references account_deletions (account_id) on delete cascade,
  month date not null,
  model_calls bigint not null,
  input_tokens bigint not null,
  output_tokens bigint not null,
  llm_nano_usd bigint not null,
  compute_nano_usd bigint not null,
  primary key (account_id, month)
);

-- Deleting a task or a key must not look through the tasks of all accounts for one that names it.
create index tasks_of_parent on tasks (parent_task_id) where parent_task_id is not null;
alter table tasks drop constraint tasks_key_id_fkey;

create or replace function audit_is_append_only() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' and current_setting('seed.prune_audit', true) = 'on'
    and (old.created_at < now() - interval '30 days'
      or exists (select from account_deletions where account_id = old.account_id)) then
    return old;
  end if;
  raise exception 'the audit log is append-only' using errcode = 'insufficient_privilege';
end $$;
