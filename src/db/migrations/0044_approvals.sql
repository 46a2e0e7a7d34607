-- The key and all that it descends from, when it asked: none of them decides, and it may read what became of it.
alter table approvals add column asking_keys uuid[] not null default '{}';
-- Until when the server that runs it has it to itself.
alter table approvals add column claimed_until timestamptz;
-- Of one that is stale: the approval by which the same call was asked for again.
alter table approvals add column asked_again uuid;
create index approvals_same_call on approvals (task_id, input_hash) where state in ('pending', 'approved') and ran_at is null;
create index approvals_of_key on approvals (key_id) where state = 'pending';

-- Of a call that a person was asked about.
alter table calls add column approval_id uuid;

-- The key in use when it was made; null: Seed made it by itself, as the first one of an account.
alter table keys add column if not exists created_by_key_id uuid;
-- Of those before, as far as events still tell.
update keys set created_by_key_id = (made.data ->> 'createdBy')::uuid from webhook_events as made
where made.type = 'key.created' and made.account_id = keys.account_id and made.data ->> 'keyId' = keys.id::text;
-- Of a key that may decide on approvals: those of commands of these scopes. Null: of all.
alter table keys add column approves_scopes text[];
