-- A URL that hears of this task's events, besides the account's endpoints.
alter table tasks add column webhook_url text;

-- The expiry that a key.expiring event has told of; a rotation gives the key another.
alter table keys add column expiry_announced timestamptz;
create index keys_expiring on keys (expires_at)
  where task_id is null and revoked_at is null and expires_at is not null;
