-- servers from: 0049
-- What a task goes on from. Its conversation is what the tasks before it said, which their events have.
alter table tasks
  add column continues uuid,
  -- The first task of the conversation. Null: it is the first itself, and nobody may ever go on from it.
  add column conversation_id uuid,
  -- What it lacks of what was before, or finds changed, in words.
  add column notes text[] not null default '{}',
  -- How many messages it was sent while it ran.
  add column messages integer not null default 0;

-- Two at once cannot go on from the same task.
create unique index tasks_continued_once on tasks (continues) where continues is not null;
create index tasks_of_conversation on tasks (conversation_id, created_at) where conversation_id is not null;
