//! The tokens of the table `tokens` that users make for programs, as their owners manage them.

use api::names::{Scope, TokenName};
use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

use super::OnConstraint;
use crate::error::Error;

/// A token as its owner sees it.
#[derive(Clone, Debug)]
pub struct ApiToken {
    /// Public identity.
    pub uuid: Uuid,
    /// Unique among those of its owner.
    pub name: String,
    /// What it may be used for.
    pub scopes: Vec<String>,
    /// The names of the living apps that it is good for; all apps when none.
    pub apps: Option<Vec<String>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it stops being good.
    pub expires_at: Option<DateTime<Utc>>,
    /// That time has come.
    pub expired: bool,
}

/// What a new one is.
pub struct NewApiToken<'a> {
    /// Its owner.
    pub user_id: i64,
    /// Unique among those of its owner.
    pub name: &'a TokenName,
    /// What it may be used for.
    pub scopes: &'a [Scope],
    /// The uuids of the apps that it is good for; all when none.
    pub apps: Option<&'a [Uuid]>,
    /// Seconds for which it is good, by the database's clock; for ever when none.
    pub expires_in: Option<f64>,
    /// The hash that it is kept as.
    pub sha256: &'a [u8],
}

/// Adds a token. One of that name that has expired gives way.
pub async fn insert(connection: &mut PgConnection, token: NewApiToken<'_>) -> Result<(), Error> {
    sqlx::query!(
        "delete from tokens where user_id = $1 and kind = 'api' and name = $2 and expires_at <= now()",
        token.user_id,
        token.name.as_str()
    )
    .execute(&mut *connection)
    .await?;
    let scopes: Vec<String> = token.scopes.iter().map(ToString::to_string).collect();
    sqlx::query!(
        "insert into tokens (uuid, user_id, kind, name, scopes, app_uuids, sha256, expires_at)
         values ($1, $2, 'api', $3, $4, $5, $6, now() + make_interval(secs => $7))",
        Uuid::now_v7(),
        token.user_id,
        token.name.as_str(),
        &scopes,
        token.apps,
        token.sha256,
        token.expires_in
    )
    .execute(connection)
    .await
    .on_constraint("tokens_name_key", || {
        Error::field("name", "You have a token of that name already. Revoke it, or choose another name.")
    })
    .map(drop)
}

/// The user's token of that name.
pub async fn find(
    executor: impl PgExecutor<'_>,
    user_id: i64,
    name: &TokenName,
) -> Result<Option<ApiToken>, sqlx::Error> {
    sqlx::query_as!(
        ApiToken,
        r#"select uuid, name, scopes, created_at, expires_at, coalesce(expires_at <= now(), false) as "expired!",
            case when app_uuids is not null then array(
                select a.name from apps a where a.uuid = any(app_uuids) and a.destroyed_at is null order by a.name
            ) end as apps
         from tokens where user_id = $1 and kind = 'api' and name = $2"#,
        user_id,
        name.as_str()
    )
    .fetch_optional(executor)
    .await
}

/// The user's tokens, by name.
pub async fn list(
    executor: impl PgExecutor<'_>,
    user_id: i64,
    limit: i64,
    offset: i64,
) -> Result<Vec<ApiToken>, sqlx::Error> {
    sqlx::query_as!(
        ApiToken,
        r#"select uuid, name, scopes, created_at, expires_at, coalesce(expires_at <= now(), false) as "expired!",
            case when app_uuids is not null then array(
                select a.name from apps a where a.uuid = any(app_uuids) and a.destroyed_at is null order by a.name
            ) end as apps
         from tokens where user_id = $1 and kind = 'api' order by name limit $2 offset $3"#,
        user_id,
        limit,
        offset
    )
    .fetch_all(executor)
    .await
}

/// How many the user has.
pub async fn count(executor: impl PgExecutor<'_>, user_id: i64) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(r#"select count(*) as "count!" from tokens where user_id = $1 and kind = 'api'"#, user_id)
        .fetch_one(executor)
        .await
}

/// Revokes the user's token of that name. False when there is none.
pub async fn delete(executor: impl PgExecutor<'_>, user_id: i64, name: &TokenName) -> Result<bool, sqlx::Error> {
    let done =
        sqlx::query!("delete from tokens where user_id = $1 and kind = 'api' and name = $2", user_id, name.as_str())
            .execute(executor)
            .await?;
    Ok(done.rows_affected() == 1)
}

/// Drops those that expired 30 days ago: until then their owners see why a program gets in no more.
pub async fn sweep(executor: impl PgExecutor<'_>) -> Result<(), sqlx::Error> {
    sqlx::query!("delete from tokens where kind = 'api' and expires_at < now() - interval '30 days'")
        .execute(executor)
        .await
        .map(drop)
}
