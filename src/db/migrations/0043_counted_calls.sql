-- Who made a key, and the key whose limits bind it because that one was limited when it made it: of keys that no task made there
-- is no caller_key_id.
alter table keys add column if not exists created_by_key_id uuid;
alter table keys add column limited_by_key_id uuid;
create index keys_limited_by on keys (limited_by_key_id) where limited_by_key_id is not null;

-- What a call has counted that may still turn out not to have been done: given back by the call's id, once.
create table grant_reservations (
  call_id uuid not null,
  holder_id uuid not null,
  counter text not null,
  span text not null,
  amount numeric not null,
  created_at timestamptz not null,
  primary key (call_id, holder_id, counter, span)
);
create index grant_reservations_oldest on grant_reservations (created_at);
create index grant_counts_oldest on grant_counts (updated_at);
