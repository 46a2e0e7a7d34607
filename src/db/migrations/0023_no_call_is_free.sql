-- A call that its upstream does not tell of is settled by an estimate; one that was not served costs nothing.
alter table model_calls drop constraint model_calls_cost_source_check;
alter table model_calls add constraint model_calls_cost_source_check
  check (cost_source in ('none', 'upstream', 'prices', 'estimated', 'unknown'));
-- No price is known, and it counts as nothing. Servers from before this column go on writing rows without it: there it is
-- what cost_source unknown says.
alter table model_calls add column unpriced boolean;

-- The least certain of the task's calls, in the order of the list above.
alter table tasks add column cost_source text not null default 'none'
  check (cost_source in ('none', 'upstream', 'prices', 'estimated', 'unknown'));
update tasks set cost_source = called.source
from (
  select task_id, case when bool_or(cost_source = 'unknown') then 'unknown'
    when bool_or(cost_source = 'prices') then 'prices' else 'upstream' end as source
  from model_calls group by task_id
) as called
where tasks.id = called.task_id;

-- Every call that is under way has a row, so that one whose server was killed is settled all the same. Null: a server from
-- before these columns wrote it, and its calls vanish with it as they did.
alter table reservations
  add column task_id uuid,
  add column created_at timestamptz,
  add column asked_model text,
  -- Estimates: of its request, and of what has come of its answer.
  add column input_tokens bigint,
  add column output_tokens bigint not null default 0;
