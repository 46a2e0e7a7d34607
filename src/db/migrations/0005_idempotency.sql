-- Answers of creating commands, kept for 24 hours for callers that repeat a request with the same Idempotency-Key.
create table idempotency (
  key_id uuid not null references keys (id),
  -- As sent.
  idempotency_key text not null,
  created_at timestamptz not null,
  -- Of command and input.
  request_hash text not null,
  -- The id of what is made, the same for every attempt.
  creation_id uuid not null,
  -- The server that works on it renews this; once it is past, another request may take over.
  working_until timestamptz not null,
  -- Null: not answered yet. Sealed with the caller's secret, which is nowhere in this database (server/idempotency/seal.ts).
  answer bytea,
  primary key (key_id, idempotency_key)
);
create index idempotency_oldest on idempotency (created_at);
