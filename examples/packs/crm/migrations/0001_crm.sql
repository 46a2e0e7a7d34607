create table contacts (
  account_id uuid not null,
  -- Such as acme-corp.
  id text not null,
  company text not null,
  name text not null,
  -- Not everybody has given one.
  email text,
  phone text,
  -- Of the IANA database: whose midnight ends a day of this customer.
  time_zone text not null,
  created_at timestamptz not null,
  primary key (account_id, id)
);

create table subscriptions (
  account_id uuid not null,
  id uuid not null,
  contact_id text not null,
  plan text not null,
  status text not null check (status in ('active', 'past_due', 'cancelled')),
  seats integer not null,
  price_cents integer not null,
  -- The last day of it, where the customer is.
  expires_on date not null,
  created_at timestamptz not null,
  primary key (account_id, id),
  foreign key (account_id, contact_id) references contacts
);
create index subscriptions_of_contact on subscriptions (account_id, contact_id, expires_on desc);

create table emails (
  account_id uuid not null,
  id uuid not null,
  contact_id text not null,
  to_address text not null,
  subject text not null,
  body text not null,
  -- The task that drafted it, if one did.
  task_id uuid,
  created_at timestamptz not null,
  primary key (account_id, id),
  foreign key (account_id, contact_id) references contacts
);
create index emails_newest on emails (account_id, created_at desc, id desc);
