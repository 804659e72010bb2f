-- The truth of an installation: who may do what, what should run, and what is being changed.
--
-- Conventions: `id` orders and joins, `uuid` (v7, made by the controller) is public. Rows of builds, configs and
-- releases never change what they say. Deleting something on the platform follows from a row that asks for it.

create table installation (
    only_row boolean primary key default true check (only_row),
    uuid uuid not null,
    -- Sealed with the key of encryption at rest: a controller with another key cannot open it and refuses to start.
    key_canary bytea not null,
    -- Versions of the route stream can be compared only within one epoch; a restored database begins a new one.
    routes_epoch bigint not null default 1,
    -- Taken under this row's lock, so that versions are committed in their order.
    routes_version bigint not null default 0,
    created_at timestamptz not null default now()
);

-- Credentials at the internal listener, hashed; two of a component are valid while they are being changed.
create table components (
    name text not null,
    credential_sha256 bytea not null,
    created_at timestamptz not null default now(),
    primary key (name, credential_sha256)
);

create table users (
    id bigint generated always as identity primary key,
    uuid uuid not null unique,
    username text not null constraint users_username_key unique,
    email text not null,
    first_name text not null default '',
    last_name text not null default '',
    password_hash text not null,
    is_superuser boolean not null default false,
    is_active boolean not null default true,
    last_login_at timestamptz,
    created_at timestamptz not null default now()
);

create table tokens (
    id bigint generated always as identity primary key,
    uuid uuid not null unique,
    user_id bigint not null references users on delete cascade,
    kind text not null check (kind in ('login', 'api')),
    name text not null default '',
    scopes text[] not null default '{}',
    sha256 bytea not null unique,
    created_at timestamptz not null default now(),
    expires_at timestamptz
);
create index tokens_user on tokens (user_id);

-- One row a failed login: by user name and by address. Swept after an hour.
create table login_failures (
    id bigint generated always as identity primary key,
    subject text not null,
    at timestamptz not null default now()
);
create index login_failures_subject on login_failures (subject, at);

create table apps (
    id bigint generated always as identity primary key,
    uuid uuid not null unique,
    name text not null,
    -- Fixed for life; names on the platform begin with it.
    platform_name text not null,
    owner_id bigint not null references users,
    -- The formation: wanted instances per process type.
    structure jsonb not null default '{}',
    -- Asks for everything of the app to be deleted. The row goes when all else is gone.
    destroyed_at timestamptz,
    -- The lease: who may act for this app, by the database's clock. The fence grows with each holder.
    lease_owner uuid,
    lease_fence bigint not null default 0,
    lease_until timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
-- A destroyed app's name is free at once.
create unique index apps_name_key on apps (name) where destroyed_at is null;
create index apps_owner on apps (owner_id);

create table collaborators (
    app_id bigint not null references apps on delete cascade,
    user_id bigint not null references users on delete cascade,
    created_at timestamptz not null default now(),
    constraint collaborators_key primary key (app_id, user_id)
);
create index collaborators_user on collaborators (user_id);

create table domains (
    id bigint generated always as identity primary key,
    uuid uuid not null unique,
    app_id bigint not null references apps on delete cascade,
    user_id bigint not null references users,
    domain text not null constraint domains_domain_key unique,
    created_at timestamptz not null default now()
);
create index domains_app on domains (app_id);

-- What makes no release.
create table settings (
    app_id bigint primary key references apps on delete cascade,
    uuid uuid not null unique,
    tls_uuid uuid not null unique,
    user_id bigint not null references users,
    maintenance boolean not null default false,
    routable boolean not null default true,
    whitelist text[] not null default '{}',
    autoscale jsonb not null default '{}',
    label jsonb not null default '{}',
    https_enforced boolean,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);

create table builds (
    id bigint generated always as identity primary key,
    uuid uuid not null unique,
    app_id bigint not null references apps on delete cascade,
    user_id bigint not null references users,
    kind text not null check (kind in ('dockerfile', 'buildpack', 'image')),
    image_given text not null,
    image_ref text not null,
    -- Lowest port the image exposes.
    image_port integer check (image_port between 1 and 65535),
    sha text not null default '',
    procfile jsonb not null default '{}',
    dockerfile text not null default '',
    -- Since when the platform need not keep the image; rollback says that it is gone.
    image_dropped_at timestamptz,
    created_at timestamptz not null default now()
);
create index builds_app on builds (app_id, id);

-- The whole document is sealed: values and registry logins are secrets, and one blob is one thing to get right.
create table configs (
    id bigint generated always as identity primary key,
    uuid uuid not null unique,
    app_id bigint not null references apps on delete cascade,
    user_id bigint not null references users,
    sealed bytea not null,
    created_at timestamptz not null default now()
);
create index configs_app on configs (app_id, id);

create table releases (
    id bigint generated always as identity primary key,
    uuid uuid not null unique,
    app_id bigint not null references apps on delete cascade,
    version integer not null check (version > 0),
    user_id bigint not null references users,
    build_id bigint references builds,
    config_id bigint not null references configs,
    -- What deploying resolved: port, batch size, deadline, operator defaults.
    resolved jsonb not null default '{}',
    summary text not null,
    -- pending: being rolled out; good: all types run it, or did; failed: never the base of anything.
    state text not null check (state in ('pending', 'good', 'failed')),
    exception text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint releases_version_key unique (app_id, version)
);
create unique index releases_one_pending on releases (app_id) where state = 'pending';

-- Changes of an app that make a release, one after another.
create table operations (
    id bigint generated always as identity primary key,
    uuid uuid not null unique,
    app_id bigint not null references apps on delete cascade,
    seq bigint not null,
    kind text not null check (kind in ('build', 'config', 'rollback')),
    -- What was asked for, sealed: it may carry secrets.
    patch bytea not null,
    user_id bigint not null references users,
    state text not null default 'queued' check (state in ('queued', 'running', 'done', 'failed', 'cancelled')),
    release_id bigint references releases,
    -- The client's answer when it failed: status and body.
    error jsonb,
    created_at timestamptz not null default now(),
    started_at timestamptz,
    finished_at timestamptz,
    constraint operations_seq_key unique (app_id, seq)
);
create unique index operations_one_running on operations (app_id) where state = 'running';
create index operations_open on operations (app_id, seq) where state in ('queued', 'running');

-- What a POST answered, so that the same one sent again answers the same. Swept after a day.
create table idempotency_keys (
    user_id bigint not null references users on delete cascade,
    -- The app's uuid, or empty for requests that are not about one app.
    scope text not null,
    -- Hash of the client's key, so that the next column cannot be used to guess a password or config value.
    key_sha256 bytea not null,
    -- Of the key, method, path and body: a key may not be used for something else.
    request_sha256 bytea not null,
    -- The request is being answered; a holder that stops renewing this is dead, and the request may be made again.
    held_until timestamptz not null,
    operation_id bigint references operations on delete cascade,
    status integer,
    body jsonb,
    created_at timestamptz not null default now(),
    constraint idempotency_keys_key primary key (user_id, scope, key_sha256)
);
create index idempotency_keys_age on idempotency_keys (created_at);

-- Wanted copies of process types, where the platform does not keep count itself. Written before one is started,
-- deleted when it is gone from platform and routers.
create table instances (
    id bigint generated always as identity primary key,
    app_id bigint not null references apps on delete cascade,
    release_id bigint not null references releases,
    process_type text not null,
    name text not null constraint instances_name_key unique,
    address inet constraint instances_address_key unique,
    -- wanted: should run; draining: out of the routes, may finish its requests; stopping: was sent SIGTERM.
    phase text not null default 'wanted' check (phase in ('wanted', 'draining', 'stopping')),
    -- Asks for a new one in its place.
    replace boolean not null default false,
    -- When it first proved healthy.
    healthy_at timestamptz,
    -- How often the platform has started it again, as far as the app's log was told.
    restarts integer not null default 0,
    -- First version of the routes without it.
    routes_version bigint,
    drain_at timestamptz,
    stop_at timestamptz,
    created_at timestamptz not null default now()
);
create index instances_app on instances (app_id);

-- Subnets of apps. One that is free again (`app_id` null) rests before it is given away.
create table networks (
    id bigint generated always as identity primary key,
    app_id bigint unique references apps on delete set null,
    subnet cidr not null constraint networks_subnet_key unique,
    bridge text not null unique,
    freed_at timestamptz,
    created_at timestamptz not null default now()
);

-- The newest routes of each app; a null document is a tombstone.
create table routes (
    app_uuid uuid primary key,
    version bigint not null unique,
    document jsonb,
    updated_at timestamptz not null default now()
);

-- What each router has reported. One that is silent counts no more.
create table routers (
    uuid uuid primary key,
    epoch bigint not null,
    version bigint not null,
    in_flight jsonb not null default '{}',
    seen_at timestamptz not null default now()
);

-- One-off runs. `ended_at` asks for the container to be removed; a holder that stops renewing `held_until` is dead.
create table runs (
    id bigint generated always as identity primary key,
    uuid uuid not null unique,
    app_id bigint not null references apps on delete cascade,
    release_id bigint not null references releases,
    user_id bigint not null references users,
    name text not null unique,
    address inet constraint runs_address_key unique,
    held_until timestamptz not null,
    ended_at timestamptz,
    created_at timestamptz not null default now()
);
create index runs_app on runs (app_id);

-- The controller's own lines in an app's log.
create table events (
    id bigint generated always as identity primary key,
    app_id bigint not null references apps on delete cascade,
    level text not null check (level in ('DEBUG', 'INFO', 'WARN', 'ERROR')),
    text text not null,
    at timestamptz not null default clock_timestamp()
);
create index events_app on events (app_id, id);

-- Every change, kept when its app or user is gone.
create table audit (
    id bigint generated always as identity primary key,
    at timestamptz not null default now(),
    username text not null,
    app_uuid uuid,
    action text not null,
    -- What it was done to: a user name, a domain, a version. Never a secret.
    target text not null default '',
    request_id text not null default ''
);
create index audit_app on audit (app_uuid, id);
