-- Runs that nobody waits for. Such a one goes on until its command ends, somebody stops it, or `held_until` is over, which is
-- its time limit then: so a controller that knows nothing of them leaves them alone until then, too.

alter table runs add column detached boolean not null default false;
-- Not known of runs that an older controller began.
alter table runs add column command text;
alter table runs add column limit_seconds integer;
-- When it was sent SIGTERM.
alter table runs add column stop_at timestamptz;
