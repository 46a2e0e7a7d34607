-- servers from: 0049
-- Files that callers send to the store of files themselves, before the task that is given them (src/server/files/
-- uploads.ts). Each is a blob that nobody has; it goes with it, or when a task takes it.
create table uploads (
  id uuid primary key references blobs (id) on delete cascade,
  account_id uuid not null references accounts (id) on delete cascade,
  key_id uuid not null,
  size bigint not null,
  sha256 text not null,
  created_at timestamptz not null,
  expires_at timestamptz not null
);
create index uploads_of_account on uploads (account_id, expires_at);
