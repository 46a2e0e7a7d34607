-- A list narrowed twice, such as the failed tasks of a key, reads as many rows as it shows: with an index for each
-- filter alone it read all of the key's tasks, or all that failed, where hardly any is both.
create index tasks_newest_by_key_and_status on tasks (account_id, key_id, status, created_at desc, id desc);

-- The calls of one command, and those that were not answered with success: a log of millions has few of either.
create index audit_newest_by_command on audit (account_id, command, created_at desc, id desc);
create index audit_newest_unsuccessful on audit (account_id, created_at desc, id desc) where status >= 400;
