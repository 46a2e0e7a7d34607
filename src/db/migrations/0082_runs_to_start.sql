-- servers from: 0049
-- What a server reads to start runs of schedules does not grow with how many are due at one moment
-- (src/server/schedules/keep.ts): of an account the first that are due, those that are claimed, and those that run.
create index schedule_runs_to_start_of_account on schedule_runs (account_id, starts_at)
  where status in ('due', 'starting');
create index schedule_runs_claimed on schedule_runs (account_id, claimed_until)
  where status in ('due', 'starting') and claimed_until is not null;
create index schedule_runs_started on schedule_runs (account_id) where status = 'started';
drop index schedule_runs_to_start;
drop index schedule_runs_under_way;
