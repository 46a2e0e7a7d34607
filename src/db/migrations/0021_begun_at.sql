-- When the runner that has a task said that its run begins. Until then the task can go back to the queue; from then on never.
alter table tasks add column begun_at timestamptz;
update tasks set begun_at = started_at where status in ('running', 'waiting_for_approval');
