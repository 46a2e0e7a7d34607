-- When a start said that the tables of this pack are there and its commands are off, which is said once.
alter table pack_migrations add column told_off_at timestamptz;
