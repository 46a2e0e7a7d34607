-- servers from: 0049
-- Calls that were answered before they were done (`Prefer: respond-async`), and what came of them, for a day.
create table background_calls (
  -- That of the request, of its row in the ledger, and of what the call makes.
  id uuid primary key,
  account_id uuid not null,
  key_id uuid not null,
  command text not null,
  -- Input and the caller's own credential, sealed; null once it is over.
  sealed_input bytea,
  idempotency_key text,
  request_hash text not null,
  status text not null,
  http_status integer,
  sealed_result bytea,
  error jsonb,
  requested_at timestamptz not null,
  completed_at timestamptz,
  -- Until when the server that is at it has it to itself; null: nobody is.
  claimed_until timestamptz,
  unique (key_id, idempotency_key)
);
create index background_calls_under_way on background_calls (key_id) where status = 'running';
create index background_calls_over on background_calls (completed_at) where completed_at is not null;
