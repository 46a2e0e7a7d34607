-- servers from: 0067
create table account_exports (
  -- Also what its blobs belong to.
  id uuid primary key,
  account_id uuid not null references accounts (id),
  key_id uuid not null,
  status text not null check (status in ('running', 'ready', 'failed')),
  -- Of what the data is: the snapshot of the database that it was read from.
  as_of timestamptz,
  -- By name of the folder in the archive, how many lines or files are in it until now.
  counts jsonb not null default '{}',
  -- [{blobId, size, sha256}] in their order.
  parts jsonb not null default '[]',
  error jsonb,
  attempts integer not null default 0,
  requested_at timestamptz not null,
  completed_at timestamptz,
  expires_at timestamptz,
  claimed_until timestamptz
);
create index account_exports_newest on account_exports (account_id, requested_at desc, id desc);
create unique index account_exports_under_way on account_exports (account_id) where status = 'running';
create index account_exports_expiring on account_exports (expires_at) where expires_at is not null;
