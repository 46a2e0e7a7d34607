-- servers from: 0049
-- What accounts start tasks from, a row for each version; and what a task was started from.
create table templates (
  account_id uuid not null references accounts (id),
  name text collate "C" not null,
  version integer not null check (version > 0),
  title text not null,
  description text not null,
  instruction text not null,
  -- Text as it was written: the order of a form.
  parameters json,
  scopes text[] not null,
  limits jsonb not null,
  task jsonb not null,
  key_id uuid not null,
  created_at timestamptz not null,
  primary key (account_id, name, version)
);

alter table tasks add column template jsonb;
