alter table keys
  add column metadata jsonb not null default '{}',
  add column enabled boolean not null default true,
  -- Accurate to a minute: written in batches (server/key-use.ts).
  add column last_used_at timestamptz,
  add column rotated_at timestamptz,
  -- After a rotation: until when the secret before it works as well.
  add column previous_secret_until timestamptz,
  -- Null: not limited.
  add column allowed_cidrs text[],
  add column requests_per_minute integer,
  add column concurrent_tasks integer,
  add column allowed_models text[],
  add column tasks_may_create_lasting_keys boolean not null default false;
-- caller_key_id is also set on keys that a task makes: to the task key that they are worth nothing without.
create index keys_of_caller on keys (caller_key_id) where caller_key_id is not null;

-- Secrets that rotations replaced. They stay for ever: such a secret is told apart from an unknown one, and settings
-- that still name it cannot bring it back.
create table replaced_secrets (
  secret_hash text primary key,
  key_id uuid not null references keys (id),
  works_until timestamptz not null
);
create index replaced_secrets_of_key on replaced_secrets (key_id);

create table audit (
  id uuid primary key,
  created_at timestamptz not null,
  -- Null: the call named no known key.
  account_id uuid,
  key_id uuid,
  task_id uuid,
  address text,
  -- Null: the call was refused before it was known what it asked for.
  command text,
  target text,
  -- HTTP status of the answer, and the error code where it was one.
  status integer not null,
  code text,
  -- Calls that this row stands for; calls that fail over and over are summed up by the minute.
  calls integer not null,
  request_id uuid
);
create index audit_newest on audit (account_id, created_at desc, id desc);
create index audit_newest_by_key on audit (account_id, key_id, created_at desc, id desc);
create index audit_newest_by_task on audit (account_id, task_id, created_at desc, id desc)
  where task_id is not null;
create index audit_oldest on audit (created_at);

-- Append-only. Rows can be deleted only by the pruning of store/audit-prune.ts, which names the setting below in its
-- transaction, and never before they are 30 days old.
create function audit_is_append_only() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' and current_setting('seed.prune_audit', true) = 'on'
    and old.created_at < now() - interval '30 days' then
    return old;
  end if;
  raise exception 'the audit log is append-only' using errcode = 'insufficient_privilege';
end $$;
create trigger audit_no_change before update or delete on audit
  for each row execute function audit_is_append_only();
create trigger audit_no_truncate before truncate on audit
  for each statement execute function audit_is_append_only();
-- A superuser, as in the embedded Postgres, is not bound by privileges, only by the triggers above.
revoke update, delete, truncate on audit from public, current_user;
