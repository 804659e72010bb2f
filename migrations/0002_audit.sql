-- What a user did: whether somebody had access once, and from where they logged in.
create index audit_user on audit (username, id);
-- Which apps were changed a moment ago: asked each second, because a notification may be lost.
create index audit_at on audit (at);
