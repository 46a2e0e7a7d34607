-- servers from: 0049
-- The answer of a task as a value: the schema that it is to fit (null: none was asked for), itself once it was taken,
-- how often the agent has given one, and what was wrong with the last. As json, which keeps the order of fields.
alter table tasks add column output_schema json;
alter table tasks add column output json;
alter table tasks add column output_attempts integer;
alter table tasks add column output_error text;
