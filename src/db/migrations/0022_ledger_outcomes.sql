-- A call that changes something stands here before it is made. Its status is null until its outcome is known: for ever where the
-- server or the platform was lost in the middle. So is the duration, where the call was not seen to end.
alter table calls alter column status drop not null;
alter table calls alter column duration_ms drop not null;
-- The request's, where it had one: the rows of its repeats have the same.
alter table calls add column idempotency_key text;
-- How often somebody set out to do the work. created_at and creation_id are those of the first one's row in calls.
alter table idempotency add column attempts integer not null default 1;
