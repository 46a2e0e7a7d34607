-- servers from: 0049
-- Of a key that is the identity of somebody in the platform's own login: {issuer, subject, name}. It has no secret: its
-- secret_hash is of the issuer, the subject and the account, and nobody can present it. Null: a key.
alter table keys add column identity jsonb;
-- When the newest token of it that was seen was issued: the identity's scopes are that one's.
alter table keys add column identity_issued_at timestamptz;
