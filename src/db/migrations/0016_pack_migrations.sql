-- The migrations of packs, each in a schema of its own, that are applied to this database.
create table pack_migrations (
  pack text not null,
  number integer not null,
  name text not null,
  checksum text not null,
  applied_at timestamptz not null default now(),
  primary key (pack, number)
);
