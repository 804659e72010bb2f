-- Tokens that users make for programs (kind 'api').

-- The apps that a token is good for; null is all. Their uuids as they are, not rows that would go with an app: an app
-- that is gone leaves the token with less, never with more.
alter table tokens add column app_uuids uuid[];

-- A token is revoked by its name.
create unique index tokens_name_key on tokens (user_id, name) where kind = 'api';
