//! Every change, by whom and to what: written with the change, kept when its app or user is gone.

use chrono::{DateTime, Utc};
use sqlx::PgExecutor;
use uuid::Uuid;

/// One change.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// Who made it.
    pub username: &'a str,
    /// The app it was made to, if any.
    pub app: Option<Uuid>,
    /// What was done, in the words of `mycli`: `perms:create`.
    pub action: &'a str,
    /// What it was done to: a user name, a domain, a version. Never a secret.
    pub target: &'a str,
    /// The request that asked for it.
    pub request_id: &'a str,
}

/// The action of a login; its target is the address.
pub const LOGIN: &str = "auth:login";

/// Adds a row.
pub async fn insert(executor: impl PgExecutor<'_>, entry: Entry<'_>) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into audit (username, app_uuid, action, target, request_id) values ($1, $2, $3, $4, $5)",
        entry.username,
        entry.app,
        entry.action,
        entry.target,
        entry.request_id
    )
    .execute(executor)
    .await
    .map(drop)
}

/// Whether the user ever could use the app: changed something in it, was granted access, or was given it. Rows from
/// before `since`, when the user registered, are about somebody else of that name.
pub async fn had_access(
    executor: impl PgExecutor<'_>,
    app: Uuid,
    username: &str,
    since: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select exists (select 1 from audit where app_uuid = $1 and at >= $3
            and (username = $2 or (target = $2 and action in ('perms:create', 'apps:transfer')))) as "exists!""#,
        app,
        username,
        since
    )
    .fetch_one(executor)
    .await
}

/// Whether the user logged in from that address within the last 30 days.
pub async fn logged_in_from(executor: impl PgExecutor<'_>, username: &str, address: &str) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select exists (select 1 from audit
            where username = $1 and action = $2 and target = $3 and at > now() - interval '30 days') as "exists!""#,
        username,
        LOGIN,
        address
    )
    .fetch_one(executor)
    .await
}
