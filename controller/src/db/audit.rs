//! Every change, by whom and to what: written with the change, kept for a year, also when its app or user is gone.

use chrono::{DateTime, Utc};
use sqlx::PgExecutor;
use uuid::Uuid;

/// One change.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// Who made it.
    pub username: &'a str,
    /// How they came.
    pub via: Via<'a>,
    /// The app it was made to, if any.
    pub app: Option<Uuid>,
    /// What was done, in the words of `mycli`: `perms:create`.
    pub action: &'a str,
    /// What it was done to: a user name, a domain, a version. Never a secret.
    pub target: &'a str,
    /// The request that asked for it.
    pub request_id: &'a str,
}

/// What a caller was known by, and where from.
#[derive(Clone, Copy, Debug, Default)]
pub struct Via<'a> {
    /// `login`, `api`, `password`, `key` or `builder`.
    pub kind: &'a str,
    /// The token's name, for a program's.
    pub token_name: &'a str,
    /// The address.
    pub address: &'a str,
}

/// What became of a call that left no row of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was done, and changed nothing.
    Done,
    /// It was refused.
    Refused,
    /// It failed, for a reason of ours.
    Failed,
}

/// A row as it is shown.
#[derive(Clone, Debug)]
pub struct Row {
    /// When.
    pub at: DateTime<Utc>,
    /// Who.
    pub username: String,
    /// See [`Via::kind`].
    pub via: String,
    /// See [`Via::token_name`].
    pub token_name: String,
    /// See [`Via::address`].
    pub address: String,
    /// See [`Entry::action`].
    pub action: String,
    /// See [`Entry::target`].
    pub target: String,
    /// The app's uuid.
    pub app_uuid: Option<Uuid>,
    /// The app's name now; none when it is gone.
    pub app: Option<String>,
    /// What became of it.
    pub outcome: String,
    /// The request.
    pub request_id: String,
}

/// The action of a login; its target is the address.
pub const LOGIN: &str = "auth:login";

/// Adds the row of something that is done.
pub async fn insert(executor: impl PgExecutor<'_>, entry: Entry<'_>) -> Result<(), sqlx::Error> {
    add(executor, entry, "done", None).await
}

/// Adds the row of an operation that is queued. What becomes of it is noted where the operation ends ([`super::operation`]).
pub async fn begin(executor: impl PgExecutor<'_>, entry: Entry<'_>, operation_id: i64) -> Result<(), sqlx::Error> {
    add(executor, entry, "begun", Some(operation_id)).await
}

async fn add(
    executor: impl PgExecutor<'_>,
    entry: Entry<'_>,
    outcome: &str,
    operation_id: Option<i64>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into audit
            (username, via, token_name, address, app_uuid, action, target, request_id, outcome, operation_id)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        entry.username,
        entry.via.kind,
        entry.via.token_name,
        entry.via.address,
        entry.app,
        entry.action,
        entry.target,
        entry.request_id,
        outcome,
        operation_id
    )
    .execute(executor)
    .await
    .map(drop)
}

/// Adds the row of a call that left none.
pub async fn insert_missing(
    executor: impl PgExecutor<'_>,
    entry: Entry<'_>,
    outcome: Outcome,
) -> Result<(), sqlx::Error> {
    let outcome = match outcome {
        Outcome::Done => "done",
        Outcome::Refused => "refused",
        Outcome::Failed => "failed",
    };
    sqlx::query!(
        "insert into audit (username, via, token_name, address, app_uuid, action, target, request_id, outcome)
         select $1, $2, $3, $4, $5, $6, $7, $8, $9
         where not exists (select 1 from audit where request_id = $8 and username = $1)",
        entry.username,
        entry.via.kind,
        entry.via.token_name,
        entry.via.address,
        entry.app,
        entry.action,
        entry.target,
        entry.request_id,
        outcome
    )
    .execute(executor)
    .await
    .map(drop)
}

/// The rows of an app, or all, newest first.
pub async fn list(
    executor: impl PgExecutor<'_>,
    app: Option<Uuid>,
    limit: i64,
    offset: i64,
) -> Result<Vec<Row>, sqlx::Error> {
    sqlx::query_as!(
        Row,
        r#"select c.at, c.username, c.via, c.token_name, c.address, c.action, c.target, c.app_uuid,
            a.name as "app?", c.outcome, c.request_id
         from audit c left join apps a on a.uuid = c.app_uuid and a.destroyed_at is null
         where $1::uuid is null or c.app_uuid = $1
         order by c.id desc limit $2 offset $3"#,
        app,
        limit,
        offset
    )
    .fetch_all(executor)
    .await
}

/// How many rows [`list`] has in all.
pub async fn count(executor: impl PgExecutor<'_>, app: Option<Uuid>) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(r#"select count(*) as "count!" from audit where $1::uuid is null or app_uuid = $1"#, app)
        .fetch_one(executor)
        .await
}

/// Drops rows that are older than a year.
pub async fn sweep(executor: impl PgExecutor<'_>) -> Result<(), sqlx::Error> {
    sqlx::query!("delete from audit where at < now() - interval '1 year'").execute(executor).await.map(drop)
}

/// Whether the user could use the app within the last year: changed something in it, was granted access, or was given
/// it. Rows from before `since`, when the user registered, are about somebody else of that name. A call that was
/// refused for want of the right is in no row of the app.
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
