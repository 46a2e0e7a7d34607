-- Keys that are signed in to the dashboard. The cookie has a token of which only the SHA-256 is here.
create table sessions (
  id uuid primary key,
  token_hash text not null unique,
  key_id uuid not null references keys (id),
  -- Of the secret that was signed in with: the session is worth what that secret is worth, whatever becomes of the key.
  secret_hash text not null,
  created_at timestamptz not null,
  -- Accurate to a minute.
  last_used_at timestamptz not null,
  expires_at timestamptz not null
);
create index sessions_of_key on sessions (key_id, created_at, id);
create index sessions_oldest on sessions (expires_at);

-- The session that a call came by; null: it came with the key itself.
alter table audit add column session_id uuid;
