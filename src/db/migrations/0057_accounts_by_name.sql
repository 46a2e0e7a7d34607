-- servers from: 0049
-- Tokens of the platform's own login may name an account by its name.
create index accounts_by_name on accounts (name);
