-- What a pack's calls show its platform, sealed with the server's secrets key: of an account or one of its keys.
create table credentials (
  id uuid primary key,
  account_id uuid not null references accounts (id),
  pack text not null,
  -- Null: it is the account's.
  key_id uuid references keys (id),
  sealed bytea not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  unique nulls not distinct (account_id, pack, key_id)
);

-- What a caller gave one task; gone when it has ended.
create table task_credentials (
  task_id uuid not null,
  pack text not null,
  sealed bytea not null,
  primary key (task_id, pack)
);
