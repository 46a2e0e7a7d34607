-- What a key spends on a day is the sum of several rows: tasks of one key that end at once each add to another of them, and do not
-- wait for one another's commit.
alter table spend add column slot smallint not null default 0;
alter table spend drop constraint spend_pkey;
alter table spend add primary key (key_id, day, slot);
