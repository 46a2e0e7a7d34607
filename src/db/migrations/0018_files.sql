-- Files given to tasks and artifacts out of them: [{name, size, type, sha256, blobId}]. Their bytes are in the blob store.
alter table tasks add column files jsonb not null default '[]', add column artifacts jsonb not null default '[]';

-- Every blob that may be in the blob store. Its row is there before its bytes and goes after them, so that none is forgotten.
create table blobs (
  id uuid primary key,
  -- No reference: a task's files are received before the task is accepted.
  task_id uuid not null,
  created_at timestamptz not null,
  -- Null while a task's files or artifacts have it.
  unused_since timestamptz
);
create index blobs_oldest on blobs (created_at);
create index blobs_unused on blobs (unused_since) where unused_since is not null;
create index blobs_of_task on blobs (task_id);
