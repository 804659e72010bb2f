-- Pushes: from a commit that was received to a release that runs. The build has a queue of its own, beside that of the
-- app's operations, so that a change of config does not wait for a build.

create table pushes (
    id bigint generated always as identity primary key,
    -- The build's too, once there is one.
    uuid uuid not null unique,
    app_id bigint not null references apps on delete cascade,
    user_id bigint not null references users,
    -- Who held the app's push lock: a push that is handed over twice is the same one.
    holder uuid not null constraint pushes_holder_key unique,
    sha text not null,
    kind text not null check (kind in ('dockerfile', 'buildpack')),
    state text not null default 'queued'
        check (state in ('queued', 'building', 'deploying', 'done', 'failed', 'cancelled')),
    -- Why there is no new release, for the pusher.
    reason text,
    -- Asks for the build to be ended.
    cancel_requested boolean not null default false,
    -- The platform took the build on: from now on, that it knows nothing of it means that the build is lost.
    begun boolean not null default false,
    -- What was built. Kept in the registry while it is deployed.
    image_ref text,
    -- The change that deploys it.
    operation_id bigint references operations on delete set null,
    -- The release.
    version integer,
    -- Who works on it, by the database's clock. The fence grows with each holder.
    lease_owner uuid,
    lease_fence bigint not null default 0,
    lease_until timestamptz,
    created_at timestamptz not null default now(),
    started_at timestamptz,
    finished_at timestamptz
);
create unique index pushes_one_open on pushes (app_id) where state in ('queued', 'building', 'deploying');
create index pushes_app on pushes (app_id, id);
create index pushes_open on pushes (id) where state in ('queued', 'building', 'deploying');

-- Locked by whoever starts a build, so that two controllers do not take the same free place.
create table push_queue (
    only_row boolean primary key default true check (only_row)
);
insert into push_queue default values;

-- Who pushes to an app, before and while its build is handed over. Free once its holder stops renewing it.
create table push_locks (
    app_id bigint primary key references apps on delete cascade,
    holder uuid not null,
    until timestamptz not null
);
