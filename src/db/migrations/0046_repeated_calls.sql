-- Of a task's calls, the hash of command and input: the same write again and again is told by it.
alter table calls add column input_hash text;
create index calls_alike on calls (task_id, input_hash, created_at) where input_hash is not null;
