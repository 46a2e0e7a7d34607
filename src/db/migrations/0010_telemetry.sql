-- How many tasks wait and run, and how long the oldest has waited, is asked for every few seconds (store/task-counts.ts):
-- counted from the unfinished ones, which are few.
create index tasks_unfinished on tasks (status, created_at)
  where status in ('queued', 'running', 'waiting_for_approval');

-- The W3C traceparent that a task was posted with, which its own trace then links to.
alter table tasks add column trace_parent text;
