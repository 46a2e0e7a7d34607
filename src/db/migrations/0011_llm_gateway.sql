-- Requests to an LLM upstream whose account has limits, counted by all servers together.
create table llm_accounts (
  account text primary key,
  -- Of the last minute; empty when the account has no limit a minute.
  recent timestamptz[] not null,
  -- Of this UTC day.
  day date not null,
  day_requests integer not null
);

-- The models that are asked in this order when the task's own cannot answer.
alter table tasks add column fallback_models text[] not null default '{}';
