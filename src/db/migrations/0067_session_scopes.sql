-- servers from: 0049
-- What a session may do that was begun with a token of the platform's issuer: the scopes of that token. Null: those of
-- the key.
alter table sessions add column scopes text[];
