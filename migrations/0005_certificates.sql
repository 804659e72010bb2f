-- Certificates of users, and which of them a domain is served with.

create table certificates (
    id bigint generated always as identity primary key,
    -- To routers: what is behind it never changes.
    uuid uuid not null unique,
    user_id bigint not null references users on delete cascade,
    name text not null constraint certificates_name_key unique,
    -- In DER, the certificate itself first, then those that lead to its issuer's.
    chain bytea[] not null,
    -- The private key in DER, sealed.
    sealed_key bytea not null,
    -- What the certificate says.
    common_name text,
    san text[] not null,
    fingerprint text not null,
    issuer text not null,
    subject text not null,
    starts_at timestamptz not null,
    expires_at timestamptz not null,
    created_at timestamptz not null default now()
);
create index certificates_user on certificates (user_id, name);

alter table domains add column certificate_id bigint
    constraint domains_certificate_id_fkey references certificates on delete set null;
create index domains_certificate on domains (certificate_id);
