-- Where a dispatcher looks for work: for every lane and every account with pending deliveries, the moment from which there may
-- be something to attempt. Never later than it is, so that nothing is missed; a look that finds nothing corrects what is earlier
-- (store/webhook-lanes.ts). What waits for later is not touched by a look, however much it is.
create table webhook_lanes (
  lane uuid primary key,
  account_id uuid not null,
  due_at timestamptz not null
);
create index webhook_lanes_due on webhook_lanes (account_id, due_at);
create table webhook_accounts (
  account_id uuid primary key,
  due_at timestamptz not null
);
create index webhook_accounts_due on webhook_accounts (due_at);

-- Whoever locks several locks lanes before accounts, and each in the order of their ids.
create function webhook_lanes_due(lanes uuid[], accounts uuid[], moments timestamptz[]) returns void language sql as $$
  with earlier as (
    insert into webhook_lanes as known (lane, account_id, due_at)
    select lane, account_id, min(moment) from unnest(lanes, accounts, moments) as due (lane, account_id, moment)
    group by lane, account_id order by lane
    on conflict (lane) do update set due_at = excluded.due_at where known.due_at > excluded.due_at
    returning account_id, due_at
  )
  insert into webhook_accounts as known (account_id, due_at)
  select account_id, min(due_at) from earlier group by account_id order by account_id
  on conflict (account_id) do update set due_at = excluded.due_at where known.due_at > excluded.due_at
$$;

-- By triggers and not by those who write deliveries: so it holds for all of them, also for servers from before these tables.
create function webhook_deliveries_made() returns trigger language plpgsql as $$
begin
  perform webhook_lanes_due(array_agg(lane), array_agg(account_id), array_agg(next_attempt_at))
  from made where status = 'pending' having count(*) > 0;
  return null;
end $$;
create trigger webhook_deliveries_made after insert on webhook_deliveries
  referencing new table as made for each statement execute function webhook_deliveries_made();

-- Only what is due earlier than it was: a claim, which moves it on, locks no lane.
create function webhook_deliveries_moved() returns trigger language plpgsql as $$
begin
  perform webhook_lanes_due(array_agg(moved.lane), array_agg(moved.account_id), array_agg(moved.next_attempt_at))
  from moved join was using (id)
  where moved.status = 'pending' and (was.status <> 'pending' or moved.next_attempt_at < was.next_attempt_at)
  having count(*) > 0;
  return null;
end $$;
create trigger webhook_deliveries_moved after update on webhook_deliveries
  referencing old table as was new table as moved for each statement execute function webhook_deliveries_moved();

-- An endpoint that no longer asks to be left alone.
create function webhook_endpoint_released() returns trigger language plpgsql as $$
begin
  perform webhook_lanes_due(array[lane], array[account_id], array[coalesce(new.held_until, '-infinity')])
  from webhook_lanes where lane = new.id;
  return null;
end $$;
create trigger webhook_endpoint_released after update on webhook_endpoints for each row
  when (old.held_until is not null and (new.held_until is null or new.held_until < old.held_until))
  execute function webhook_endpoint_released();

insert into webhook_lanes
select lane, account_id, min(next_attempt_at) from webhook_deliveries where status = 'pending' group by lane, account_id;
insert into webhook_accounts select account_id, min(due_at) from webhook_lanes group by account_id;
