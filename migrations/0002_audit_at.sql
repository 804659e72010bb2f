-- Which apps were changed a moment ago: asked each second, because a notification may be lost.
create index audit_at on audit (at);
