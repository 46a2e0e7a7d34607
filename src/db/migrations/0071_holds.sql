-- servers from: 0049
-- Legal holds: while one is in force, nothing is deleted of the account, the task or the conversation that it names.
create table holds (
  id uuid primary key,
  account_id uuid not null references accounts (id),
  kind text not null check (kind in ('account', 'task', 'conversation')),
  -- The id of what is held: of the account itself, of a task, or of the first task of a conversation.
  subject_id uuid not null,
  reason text not null,
  -- Placed by the operator: only they release it.
  by_operator boolean not null,
  created_by uuid not null,
  created_at timestamptz not null,
  released_by uuid,
  released_at timestamptz
);
create index holds_newest on holds (account_id, created_at desc, id desc);
create index holds_in_force on holds (account_id) where released_at is null;

-- Whether the account itself is held.
create function is_account_held(whose uuid) returns boolean language sql stable as $$
  select exists (select from holds where account_id = whose and released_at is null and kind = 'account')
$$;

-- Whether the task is held: by itself, by its conversation, by its account, or as one above it is.
create function is_task_held(wanted uuid, whose uuid) returns boolean language sql stable as $$
  select exists (select from holds where account_id = whose and released_at is null) and exists (
    with recursive above as (
      select id, parent_task_id, coalesce(conversation_id, id) as conversation from tasks where id = wanted
      union all
      select tasks.id, tasks.parent_task_id, coalesce(tasks.conversation_id, tasks.id)
      from above join tasks on tasks.id = above.parent_task_id
    )
    select from holds where account_id = whose and released_at is null and (
      kind = 'account'
      or kind = 'task' and subject_id in (select id from above)
      or kind = 'conversation' and subject_id in (select conversation from above)
    )
  )
$$;
