-- Where lines of apps are sent on to, and how far.

create table drains (
    id bigint generated always as identity primary key,
    uuid uuid not null unique,
    -- Null is all apps: the operator's own.
    app_id bigint references apps on delete cascade,
    -- The URL, which may hold a password or a token, sealed.
    sealed_url bytea not null,
    created_at timestamptz not null default now(),
    -- Messages that arrived, and lines that were gone before they could be sent.
    sent bigint not null default 0,
    dropped bigint not null default 0,
    sent_at timestamptz,
    last_error text,
    last_error_at timestamptz
);
create index drains_app on drains (app_id);

-- All before these arrived, or was dropped. Where an app has no row, it is younger than the drain: all of it is to be sent.
create table drain_places (
    drain_id bigint not null references drains on delete cascade,
    app_id bigint not null references apps on delete cascade,
    -- The next line of the app's log.
    sequence bigint not null,
    -- The last of the controller's own lines.
    event_id bigint not null,
    at timestamptz not null default now(),
    primary key (drain_id, app_id)
);
create index drain_places_app on drain_places (app_id);

-- The lease on sending: one controller does it for all.
create table drain_sender (
    only_row boolean primary key default true check (only_row),
    owner uuid,
    fence bigint not null default 0,
    until timestamptz
);
insert into drain_sender default values;
