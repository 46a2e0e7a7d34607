-- servers from: 0049
-- What is under way of something that all processes together may have so many of (src/db/shared-slots.ts): streams
-- of a key, calls of models. Whoever holds one renews it; one that is not renewed lapses.
create table shared_slots (
  id uuid primary key,
  name text not null,
  lapses_at timestamptz not null
);
create index shared_slots_of_name on shared_slots (name, lapses_at);
create index shared_slots_lapsed on shared_slots (lapses_at);
