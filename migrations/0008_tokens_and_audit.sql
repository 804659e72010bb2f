-- Tokens that users make for programs (kind 'api').

-- The apps that a token is good for; null is all. Their uuids as they are, not rows that would go with an app: an app
-- that is gone leaves the token with less, never with more.
alter table tokens add column app_uuids uuid[];

-- A token is revoked by its name.
create unique index tokens_name_key on tokens (user_id, name) where kind = 'api';

-- By what the caller was known (`login`, `api`, `password`, `key`, `builder`; empty in rows from before), the token's
-- name, and where the call came from.
alter table audit add column via text not null default '';
alter table audit add column token_name text not null default '';
alter table audit add column address text not null default '';

-- done; begun: a change that waits or runs; refused: not done, and nothing changed; failed: a change that failed.
alter table audit add column outcome text not null default 'done'
    constraint audit_outcome check (outcome in ('done', 'begun', 'refused', 'failed'));
-- The change that the row is about, of which the outcome is awaited.
alter table audit add column operation_id bigint;
create index audit_operation on audit (operation_id) where outcome = 'begun';
-- Whether a call left a row.
create index audit_request on audit (request_id);
