-- Calls that are no task's are only counted: those of one second that are alike in key, command, outcome and duration are one
-- row. How many; null: one. Servers from before this column go on writing rows without it.
alter table calls add column times integer check (times > 0);
