-- servers from: 0049
-- The sandbox of a task that can pass to another runner, and within which reach it goes by that id. Since when the
-- task has no runner that has said that it serves it, and waits for one; null: it has one, or its sandbox is its
-- runner's own. Whose it was: what that one has asked for before is not to be answered with it.
alter table tasks add column sandbox_id text;
alter table tasks add column sandbox_reach text;
alter table tasks add column free_since timestamptz;
alter table tasks add column freed_from uuid;

create index tasks_free on tasks (sandbox_reach, free_since) where free_since is not null;
