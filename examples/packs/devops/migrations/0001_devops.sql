create table environments (
  account_id uuid not null,
  id text not null,
  name text not null,
  region text not null,
  -- Not looked after any more; its checks may fail for ever.
  retired boolean not null,
  primary key (account_id, id)
);

create table deployments (
  account_id uuid not null,
  id uuid not null,
  environment_id text not null,
  version text not null,
  status text not null check (status in ('live', 'superseded', 'failed')),
  deployed_by text not null,
  created_at timestamptz not null,
  primary key (account_id, id),
  foreign key (account_id, environment_id) references environments
);
create index deployments_newest on deployments (account_id, environment_id, created_at desc, id desc);

-- The last result of each check.
create table health_checks (
  account_id uuid not null,
  environment_id text not null,
  name text not null,
  passed boolean not null,
  message text not null,
  checked_at timestamptz not null,
  primary key (account_id, environment_id, name),
  foreign key (account_id, environment_id) references environments
);

create table logs (
  account_id uuid not null,
  environment_id text not null,
  sequence integer not null,
  at timestamptz not null,
  level text not null check (level in ('debug', 'info', 'warn', 'error')),
  message text not null,
  primary key (account_id, environment_id, sequence),
  foreign key (account_id, environment_id) references environments
);

create table incidents (
  account_id uuid not null,
  id uuid not null,
  environment_id text not null,
  title text not null,
  severity text not null check (severity in ('low', 'high', 'critical')),
  status text not null check (status in ('open', 'resolved')),
  summary text not null,
  log_excerpt text not null,
  -- The task that reported it, if one did.
  task_id uuid,
  created_at timestamptz not null,
  primary key (account_id, id),
  foreign key (account_id, environment_id) references environments
);
create index incidents_newest on incidents (account_id, created_at desc, id desc);
-- An outage is reported once, however many notice it.
create unique index incidents_open on incidents (account_id, environment_id) where status = 'open';
