-- The models of tasks that name none, in the order in which they are asked: of a key, else of its account, else
-- the server's. Null: nothing is said.
alter table keys add column models text[];
alter table accounts add column models text[];
