-- servers from: 0049
-- Which older servers may work on a database that has a migration they do not know: those that know this number.
-- Null: none. A migration says it in a comment at its beginning (migrate.ts).
alter table migrations add column if not exists servers_from integer;
alter table pack_migrations add column servers_from integer;
