-- The keys that have given this one a new secret, and so know or have known one: what they ask, it does not decide.
alter table keys add column rotated_by uuid[] not null default '{}';

-- Links by which somebody decides without signing in, as the key that made them.
create table approval_links (
  token_hash text primary key,
  approval_id uuid not null references approvals (id) on delete cascade,
  key_id uuid not null,
  created_at timestamptz not null,
  used_at timestamptz
);
create index approval_links_of on approval_links (approval_id);
