-- servers from: 0049
-- Tasks are forgotten: their content goes, and what bill and ledger need stays as a row without it.
alter table tasks add column forgotten_at timestamptz;
-- Those that may be forgotten, the ones first that ended first.
create index tasks_to_forget on tasks (account_id, completed_at) where completed_at is not null and forgotten_at is null;
create index tasks_forgotten on tasks (forgotten_at) where forgotten_at is not null;

-- What the call is about, such as a task: its kept answer goes with that.
alter table idempotency add column subject_id uuid;
create index idempotency_of_subject on idempotency (subject_id) where subject_id is not null;
create index idempotency_by_creation on idempotency (creation_id);
alter table background_calls add column subject_id uuid;
create index background_calls_of_subject on background_calls (subject_id) where subject_id is not null;

create index webhook_events_of_task on webhook_events ((data->>'taskId')) where data->>'taskId' is not null;

-- For how many days an account keeps what was said in its tasks, and the rows of its ledger. Null: as the operator.
alter table accounts add column content_days integer check (content_days > 0);
alter table accounts add column ledger_days integer check (ledger_days > 0);
