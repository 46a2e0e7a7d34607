-- servers from: 0049
-- What servers keep in memory, for processes that run only while they answer and may be many: how much of a rate is
-- left, which of what is done seldom has been done, and since when lapsed leases are looked for without a gap.
create table token_buckets (
  who text primary key,
  tokens double precision not null,
  at timestamptz not null
);
create index token_buckets_at on token_buckets (at);

create table loop_turns (
  name text primary key,
  turned_at timestamptz not null
);

create table lease_looks (
  one boolean primary key default true check (one),
  since timestamptz not null,
  last timestamptz not null
);
