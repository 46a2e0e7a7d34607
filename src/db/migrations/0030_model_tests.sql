-- What `models test` found out of a model, for all servers: the last test of each.
create table model_tests (
  -- The address of who serves it: the same name may be another model elsewhere.
  upstream text not null,
  model text not null,
  account_id uuid not null,
  begun_at timestamptz not null,
  -- Null until a first test has ended.
  result jsonb,
  -- How the last test that got a call got it: a test that fails later says nothing against it.
  tool_calls text check (tool_calls in ('native', 'text')),
  primary key (upstream, model)
);
create index model_tests_of_account on model_tests (account_id, begun_at);

-- A test belongs to no task; it counts for its key.
alter table model_calls alter column task_id drop not null;
