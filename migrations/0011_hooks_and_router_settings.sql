-- What the operator's deploy hooks are still to be told: one row a release and hook, gone once it was sent or given up.
create table deploy_hooks (
    id bigint generated always as identity primary key,
    uuid uuid not null unique,
    app_id bigint not null references apps on delete cascade,
    -- SHA-256 of the hook's URL. The URL itself may hold a secret, and is the operator's to take away again.
    hook bytea not null,
    -- What is said of the release, as it was when it was made.
    query text not null,
    attempts integer not null default 0,
    due_at timestamptz not null default now(),
    created_at timestamptz not null default now()
);
create index deploy_hooks_due on deploy_hooks (hook, due_at);

-- How the router treats an app's requests, where not as all others'.
alter table settings add column router jsonb not null default '{}';
