-- Process types that answer some paths of their app (Deis's fork Hephy calls them services).

create table services (
    id bigint generated always as identity primary key,
    app_id bigint not null references apps on delete cascade,
    user_id bigint not null references users,
    process_type text not null,
    path_pattern text not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint services_key unique (app_id, process_type)
);

-- It was started to answer requests, and is healthy once it does. So are all of the types web and cmd, whatever this says.
alter table instances add column listens boolean not null default false;
