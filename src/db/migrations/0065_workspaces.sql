-- servers from: 0049
-- What a task is to leave behind besides its answer, and the archive of its /workspace: what it found there until it
-- has made its own. A blob has as many references as there are tasks that name it.
alter table tasks
  add column keep jsonb,
  add column workspace jsonb,
  add column workspace_until timestamptz;

create index tasks_workspaces on tasks (workspace_until) where workspace is not null;
create index tasks_workspace_blobs on tasks ((workspace->>'blobId')) where workspace is not null;
