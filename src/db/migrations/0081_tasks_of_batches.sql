-- servers from: 0049
-- A batch of which all tasks are forgotten is looked for by them.
create index tasks_of_batch on tasks (batch_id) where batch_id is not null;
