-- What a task may wait for people in all, fixed when it is accepted (0: nothing of it asks), what it has waited, and
-- since when it waits now. Its time-out stands meanwhile.
alter table tasks add column wait_ms integer not null default 0;
alter table tasks add column waited_ms integer not null default 0;
alter table tasks add column waiting_since timestamptz;

-- The runner of a task that waits can be lost as well.
drop index tasks_lapsing_leases;
create index tasks_lapsing_leases on tasks (lease_expires_at) where status in ('running', 'waiting_for_approval');
