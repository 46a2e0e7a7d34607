-- beside: 0049
-- Which older versions of a pack work on when a migration of it is applied: as 'migrations' has it for Seed's own.
alter table pack_migrations add column beside integer;
