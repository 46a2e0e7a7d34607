-- servers from: 0049
-- Sandboxes that the server starts itself, at a vendor, for tasks without a runner: each step is written down, so
-- that any server can take it up or undo it. A row stays until its task is deleted.
create table door_starts (
  task_id uuid primary key references tasks (id) on delete cascade,
  -- Its lease: of a task that was leased anew this row is no more.
  lease_id uuid not null,
  -- What the sandbox is called at the vendor, known before it is asked for.
  sandbox_id text not null unique,
  -- What the vendor calls it, and its tokens name; null: not known yet.
  vendor_id text unique,
  -- recorded → created → started → ended
  step text not null default 'recorded',
  -- The task's key, sealed; null once it is over.
  sealed_key bytea,
  -- When the vendor ends it, whoever is alive.
  until timestamptz not null,
  recorded_at timestamptz not null,
  created_at timestamptz,
  started_at timestamptz,
  -- When its guest has called last.
  heard_at timestamptz,
  -- Of what its guest made up and shows with each request: what else runs in the sandbox does not know it.
  guest_hash text,
  ended_at timestamptz,
  -- Who is at its next step, and until when alone.
  claimed_by uuid,
  claimed_until timestamptz,
  -- What its guest has sent in all.
  events integer not null default 0,
  event_bytes bigint not null default 0,
  artifact_bytes bigint not null default 0,
  workspaces integer not null default 0,
  -- When one of its calls was last at work: a task whose calls all wait for people has had none for a moment.
  worked_at timestamptz
);
create index door_starts_under_way on door_starts (recorded_at) where step <> 'ended';

-- Calls of their guests that are open, of tasks that may wait for people.
create table door_calls (
  id uuid primary key,
  task_id uuid not null references door_starts (task_id) on delete cascade,
  -- What it waits for people to decide; null: it works.
  approval_id uuid,
  -- Whoever answers it is gone by then.
  expires_at timestamptz not null
);
create index door_calls_of_task on door_calls (task_id);
