alter table tasks
  -- 1: posted by a caller; 2: by the agent of such a task; and so on.
  add column depth smallint not null default 1,
  -- {tokens, usd, calls}, null where not limited; null: nothing is.
  add column budget jsonb,
  -- What counts towards the budget: the sums of the rows of the task and of all tasks below it.
  add column used_tokens bigint not null default 0,
  add column used_nano_usd bigint not null default 0,
  add column used_calls bigint not null default 0,
  -- Since when, and why, the model is refused to it for good: it ends failed with budget_exceeded.
  add column overspent_at timestamptz,
  add column overspent text;
create index tasks_unfinished_children on tasks (parent_task_id) where parent_task_id is not null and completed_at is null;
create index tasks_overspent on tasks (overspent_at) where status = 'running' and overspent_at is not null;

with recursive above as (
  select id, id as ancestor_id, parent_task_id, 1 as levels from tasks
  union all
  select above.id, tasks.id, tasks.parent_task_id, above.levels + 1 from above join tasks on tasks.id = above.parent_task_id
)
update tasks set depth = counted.depth
from (select id, max(levels) as depth from above group by id) as counted
where tasks.id = counted.id and counted.depth > 1;

with recursive above as (
  select id, id as ancestor_id, parent_task_id from tasks
  union all
  select above.id, tasks.id, tasks.parent_task_id from above join tasks on tasks.id = above.parent_task_id
), used as (
  select task_id, input_tokens + output_tokens as tokens, cost_nano_usd as nano_usd, 1 as calls from model_calls
  union all
  select task_id, 0, cost_nano_usd, 0 from compute
), summed as (
  select ancestor_id, sum(tokens) as tokens, sum(nano_usd) as nano_usd, sum(calls) as calls
  from used join above on above.id = used.task_id group by 1
)
update tasks set used_tokens = summed.tokens, used_nano_usd = summed.nano_usd, used_calls = summed.calls
from summed where tasks.id = summed.ancestor_id;

-- Null: not limited.
alter table keys
  add column spend_per_day_nano_usd bigint,
  add column spend_per_month_nano_usd bigint,
  add column tokens_per_day bigint;

-- What the tasks of a key used on a UTC day: always the sum of the rows in model_calls and compute, kept so that a limit
-- is checked without adding them up. A row counts for every key that the task's key descends from, task keys left out.
create table spend (
  key_id uuid not null references keys (id),
  day date not null,
  nano_usd bigint not null,
  tokens bigint not null,
  primary key (key_id, day)
);
with recursive line as (
  select id as key_id, id as ancestor_id, caller_key_id, task_id from keys
  union all
  select line.key_id, keys.id, keys.caller_key_id, keys.task_id from line join keys on keys.id = line.caller_key_id
), used as (
  select task_id, created_at, input_tokens + output_tokens as tokens, cost_nano_usd as nano_usd from model_calls
  union all
  select task_id, created_at, 0, cost_nano_usd from compute
)
insert into spend
select line.ancestor_id, (used.created_at at time zone 'UTC')::date, sum(used.nano_usd), sum(used.tokens)
from used
join tasks on tasks.id = used.task_id
join line on line.key_id = tasks.key_id and line.task_id is null
group by 1, 2;

-- What calls of models that are under way may take, where a budget or a limit bounds them.
create table reservations (
  id uuid primary key,
  -- The server that makes the call moves this on; what a killed one leaves behind counts no longer than this.
  expires_at timestamptz not null,
  billed_key_id uuid not null,
  -- The task that calls and those above it, and the keys that its key descends from.
  holders uuid[] not null,
  -- At the most; null: not known. It is one call.
  tokens bigint,
  nano_usd bigint,
  -- Bounds that it may pass (core/budget.ts).
  uncovered text[] not null
);
create index reservations_of_billed_key on reservations (billed_key_id);
create index reservations_expiring on reservations (expires_at);
