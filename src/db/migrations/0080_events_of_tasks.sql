-- servers from: 0049
-- The task whose agent called the command that made the event: what it says goes with that task.
alter table webhook_events add column task_id uuid;
create index webhook_events_by_task on webhook_events (task_id) where task_id is not null;

-- What a row of a batch was given goes with its task.
create index batch_rows_of_task on batch_rows (task_id);
