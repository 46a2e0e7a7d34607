-- Where an account wants to hear of its events.
create table webhook_endpoints (
  id uuid primary key,
  account_id uuid not null references accounts (id),
  url text not null,
  description text not null,
  -- task.completed, task.*, or *
  event_types text[] not null,
  enabled boolean not null,
  -- Why it is off: gone (it answered 410), failing (for five days), switched_off; null while it is on.
  disabled_reason text check (disabled_reason in ('gone', 'failing', 'switched_off')),
  -- The first failed attempt since the last that succeeded.
  failing_since timestamptz,
  -- It asked to be left alone until then.
  held_until timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  check (enabled = (disabled_reason is null))
);
create index webhook_endpoints_newest on webhook_endpoints (account_id, created_at desc, id desc);

-- What deliveries are signed with: the present secret of an endpoint, or of an account's own URLs (endpoint_id null), and those
-- that a rotation replaced while they still count.
create table webhook_secrets (
  id uuid primary key,
  account_id uuid not null references accounts (id),
  endpoint_id uuid references webhook_endpoints (id) on delete cascade,
  -- Sealed with a key that is not in this database (server/seal.ts).
  sealed bytea not null,
  created_at timestamptz not null,
  -- Null: the present one.
  works_until timestamptz
);
create unique index webhook_secrets_present on webhook_secrets (endpoint_id) where works_until is null and endpoint_id is not null;
create unique index webhook_secrets_present_default on webhook_secrets (account_id) where works_until is null and endpoint_id is null;
create index webhook_secrets_of on webhook_secrets (account_id, endpoint_id);

-- Tells whether a server has the key that the secrets are sealed with. One row.
create table secrets_key_check (
  one boolean primary key default true check (one),
  sealed bytea not null
);

-- What happened, written in the transaction that made it happen. A server then numbers it and makes its deliveries.
create table webhook_events (
  id uuid primary key,
  account_id uuid not null references accounts (id),
  type text not null,
  created_at timestamptz not null,
  data jsonb not null,
  -- Besides the endpoints of the account it goes to this URL, or to this endpoint alone.
  url text,
  only_endpoint_id uuid,
  -- Null: not numbered yet. Counts in the order in which readers may see events, with gaps.
  position bigint
);
create sequence webhook_event_positions;
create index webhook_events_new on webhook_events (created_at, id) where position is null;
create index webhook_events_newest on webhook_events (account_id, created_at desc, id desc);
create index webhook_events_newest_of_type on webhook_events (account_id, type, created_at desc, id desc);
create index webhook_events_in_order on webhook_events (account_id, position);
create index webhook_events_oldest on webhook_events (created_at);

create table webhook_deliveries (
  id uuid primary key,
  account_id uuid not null references accounts (id),
  event_id uuid not null references webhook_events (id) on delete cascade,
  -- Null: it goes to the URL that the task was run with. An endpoint that was deleted still stands here.
  endpoint_id uuid,
  -- Where the last attempt went.
  url text not null,
  -- What shares the places of deliveries that are under way at a time: the endpoint, or the URL within its account.
  lane uuid not null,
  created_at timestamptz not null,
  status text not null check (status in ('pending', 'delivered', 'failed')),
  -- Of the present schedule; a replay starts a new one.
  attempts_made integer not null default 0,
  -- While a server works on it: when another may take it over.
  next_attempt_at timestamptz,
  -- The server's claim.
  claim_id uuid,
  completed_at timestamptz,
  check ((status = 'pending') = (next_attempt_at is not null))
);
create index webhook_deliveries_due on webhook_deliveries (lane, next_attempt_at) where status = 'pending';
create index webhook_deliveries_of_event on webhook_deliveries (event_id);
create index webhook_deliveries_newest on webhook_deliveries (account_id, created_at desc, id desc);
create index webhook_deliveries_newest_by_status on webhook_deliveries (account_id, status, created_at desc, id desc);
create index webhook_deliveries_newest_by_endpoint on webhook_deliveries (endpoint_id, created_at desc, id desc);

create table webhook_attempts (
  id uuid primary key,
  account_id uuid not null references accounts (id),
  delivery_id uuid not null references webhook_deliveries (id) on delete cascade,
  created_at timestamptz not null,
  duration_ms integer not null,
  -- HTTP status; null: there was no answer, and `error` says why.
  status integer,
  error text,
  -- The first bytes of the answer.
  answer text not null
);
create index webhook_attempts_of on webhook_attempts (delivery_id, created_at, id);
