-- SSH keys of users, by which a push is known.
create table keys (
    id bigint generated always as identity primary key,
    uuid uuid not null constraint keys_uuid_key unique,
    user_id bigint not null constraint keys_user_id_fkey references users on delete cascade,
    -- What its owner calls it (`id` in the API).
    name text not null,
    -- In OpenSSH's form, with the comment.
    public text not null,
    -- MD5 of the key, in pairs of digits with colons between: how Deis's builder asks for it. Unique, so that nobody
    -- made two keys that cannot be told apart by it.
    fingerprint text not null constraint keys_fingerprint_key unique,
    -- Of the key itself: a key belongs to one user, whatever the text around it is.
    sha256 bytea not null constraint keys_sha256_key unique,
    created_at timestamptz not null default now(),
    constraint keys_name_key unique (user_id, name)
);
