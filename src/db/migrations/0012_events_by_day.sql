-- Events are kept in one partition per UTC day, as calls are. No foreign key: it would lock all tasks when a day is dropped.
-- The time stands in the key because Postgres wants it there; (task_id, seq) is unique by the lock on the task's row.
alter table events rename to events_before;
alter table events_before rename column at to created_at;
alter table events_before drop constraint events_task_id_fkey;
alter table events_before drop constraint events_pkey;
create table events (
  task_id uuid not null,
  seq integer not null,
  created_at timestamptz not null,
  body jsonb not null,
  primary key (task_id, seq, created_at)
) partition by range (created_at);
create table events_default partition of events default;

-- What there is becomes the partition of today and of all days before, without being copied.
do $$
declare
  today date := (now() at time zone 'UTC')::date;
  tomorrow timestamptz := (today + 1)::timestamp at time zone 'UTC';
  name text := 'events_' || to_char(today, 'YYYYMMDD');
begin
  if not exists (select from events_before) then
    drop table events_before;
    return;
  end if;
  with later as (delete from events_before where created_at >= tomorrow returning *)
  insert into events_default select * from later;
  alter table events_before add primary key (task_id, seq, created_at);
  execute format('alter table events_before rename to %I', name);
  execute format('alter table events attach partition %I for values from (minvalue) to (%L)', name, tomorrow);
end $$;
