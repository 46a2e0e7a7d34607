create table batches (
  account_id uuid not null,
  -- Such as intake-riverside-2.
  id text not null,
  clinic text not null,
  -- Of the IANA database: whose midnight ends a day of this clinic.
  time_zone text not null,
  uploaded_at timestamptz not null,
  primary key (account_id, id)
);

create table records (
  account_id uuid not null,
  id uuid not null,
  batch_id text not null,
  -- In its batch, from 1.
  position integer not null,
  -- What the patient filled in, as it was filled in.
  form jsonb not null,
  -- What is wrong with it, as somebody found; empty: nothing was found, or nobody has looked.
  flags text[] not null,
  flagged_by_task uuid,
  primary key (account_id, id),
  foreign key (account_id, batch_id) references batches
);
create unique index records_of_batch on records (account_id, batch_id, position);

create table compliance_summaries (
  account_id uuid not null,
  id uuid not null,
  batch_id text not null,
  records integer not null,
  complete integer not null,
  incomplete integer not null,
  -- Incomplete, and nobody has flagged them.
  unflagged integer not null,
  -- How many records have each problem.
  problems jsonb not null,
  task_id uuid,
  created_at timestamptz not null,
  primary key (account_id, id),
  foreign key (account_id, batch_id) references batches
);
create index compliance_summaries_newest on compliance_summaries (account_id, created_at desc, id desc);
