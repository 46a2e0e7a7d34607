-- By the name of a spend limit: {to, until}. A person's yes made it so much, in billionths of a US dollar or tokens, until the
-- day or month is over in which a task asked.
alter table keys add column spend_raises jsonb not null default '{}';
