-- Limits of what a key's scopes may do, and when a person is asked first. A task's stand on the task and, from its lease on, on its
-- task key, so that one walk along the lineage finds all that bind a call.
alter table keys add column limits jsonb not null default '[]';
alter table keys add column approval jsonb;
alter table keys add column loop text check (loop in ('ask', 'warn', 'deny'));
alter table tasks add column limits jsonb not null default '[]';
-- What whoever posted it was told.
alter table tasks add column risks text[] not null default '{}';
alter table tasks add column approval jsonb;
alter table tasks add column loop text check (loop in ('ask', 'warn', 'deny'));

-- What calls have counted towards one limit of one holder (a key, or a task's task key) within a span.
create table grant_counts (
  holder_id uuid not null,
  -- Of what the limit counts, without how much: raising an amount forgets nothing.
  counter text not null,
  -- `task:<id>`, a UTC day or a UTC month.
  span text not null,
  amount numeric not null,
  updated_at timestamptz not null,
  primary key (holder_id, counter, span)
);

-- Exact calls that wait, or waited, for a person.
create table approvals (
  id uuid primary key,
  account_id uuid not null references accounts (id),
  kind text not null check (kind in ('command', 'budget')),
  state text not null check (state in ('pending', 'approved', 'denied', 'expired', 'cancelled', 'stale')),
  -- The key that asks, and the key that pays for it; the task whose agent asks.
  key_id uuid not null,
  billed_key_id uuid not null,
  task_id uuid,
  request_id uuid not null,
  idempotency_key text,
  command text,
  effect text,
  scope text,
  -- The input as it was given, sealed; what people are shown of it; the hash of what the command's schema made of it.
  sealed_input bytea,
  shown_input jsonb,
  input_hash text,
  summary text not null,
  reason text not null,
  -- Of a budget: {current, requested, unit}.
  budget jsonb,
  -- What `version` of the command said when it was asked; null: it does not say.
  version text,
  requested_at timestamptz not null,
  expires_at timestamptz not null,
  decided_at timestamptz,
  decided_by uuid,
  -- How the decider came: `key`, `session`, `link` or `mcp`; whether it was the asking key itself.
  decided_via text,
  message text,
  -- Once it has run: the answer, sealed, or the error.
  ran_at timestamptz,
  sealed_result bytea,
  error jsonb
);
create index approvals_newest on approvals (account_id, requested_at desc, id desc);
create index approvals_pending on approvals (expires_at) where state = 'pending';
create index approvals_to_run on approvals (decided_at) where state = 'approved' and ran_at is null;
create index approvals_of_task on approvals (task_id, requested_at) where task_id is not null;

-- A request that waits for an approval is answered from there when it is repeated.
alter table idempotency add column approval_id uuid;
