//! Domains of apps. Each belongs to one app of the whole installation.

use api::names::DomainName;
use chrono::{DateTime, Utc};
use sqlx::PgExecutor;
use uuid::Uuid;

use super::OnConstraint;
use crate::error::Error;

/// A domain.
#[derive(Clone, Debug)]
pub struct Domain {
    /// Who added it.
    pub owner: String,
    /// The domain, as [`DomainName`] writes it.
    pub domain: String,
    /// When it was added.
    pub created_at: DateTime<Utc>,
}

/// Gives the domain to the app.
pub async fn insert(
    executor: impl PgExecutor<'_>,
    app_id: i64,
    user_id: i64,
    domain: &DomainName,
) -> Result<DateTime<Utc>, Error> {
    sqlx::query_scalar!(
        "insert into domains (uuid, app_id, user_id, domain) values ($1, $2, $3, $4) returning created_at",
        Uuid::now_v7(),
        app_id,
        user_id,
        domain.as_str()
    )
    .fetch_one(executor)
    .await
    .on_constraint("domains_domain_key", || Error::field("domain", "Domain is already in use by another application"))
}

/// The app's domains, by name.
pub async fn list(
    executor: impl PgExecutor<'_>,
    app_id: i64,
    limit: i64,
    offset: i64,
) -> Result<Vec<Domain>, sqlx::Error> {
    sqlx::query_as!(
        Domain,
        "select u.username as owner, d.domain, d.created_at from domains d join users u on u.id = d.user_id
         where d.app_id = $1 order by d.domain limit $2 offset $3",
        app_id,
        limit,
        offset
    )
    .fetch_all(executor)
    .await
}

/// The host names of the app, sorted; a single label is a name under `platform_domain`.
pub async fn hosts(
    executor: impl PgExecutor<'_>,
    app_id: i64,
    platform_domain: &str,
) -> Result<Vec<String>, sqlx::Error> {
    let domains = sqlx::query_scalar!("select domain from domains where app_id = $1 order by domain", app_id)
        .fetch_all(executor)
        .await?;
    domains.iter().map(|domain| Ok(DomainName::parse(domain).map_err(super::decode)?.host(platform_domain))).collect()
}

/// The id of the app that has the domain.
pub async fn find_app(executor: impl PgExecutor<'_>, domain: &DomainName) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar!("select app_id from domains where domain = $1", domain.as_str()).fetch_optional(executor).await
}

/// How many domains the app has.
pub async fn count(executor: impl PgExecutor<'_>, app_id: i64) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(r#"select count(*) as "count!" from domains where app_id = $1"#, app_id)
        .fetch_one(executor)
        .await
}

/// Takes all domains from the app.
pub async fn delete_all(executor: impl PgExecutor<'_>, app_id: i64) -> Result<(), sqlx::Error> {
    sqlx::query!("delete from domains where app_id = $1", app_id).execute(executor).await.map(drop)
}

/// Takes the domain from the app. False when the app does not have it.
pub async fn delete(executor: impl PgExecutor<'_>, app_id: i64, domain: &DomainName) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!("delete from domains where app_id = $1 and domain = $2", app_id, domain.as_str())
        .execute(executor)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Whether apps of other owners than `owner_id` have one of `domains`, or one that ends with `suffix`.
pub async fn others_have(
    executor: impl PgExecutor<'_>,
    owner_id: i64,
    domains: &[String],
    suffix: Option<&str>,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select exists (select 1 from domains d join apps a on a.id = d.app_id
            where a.owner_id <> $1 and (d.domain = any($2) or right(d.domain, length($3)) = $3)) as "exists!""#,
        owner_id,
        domains,
        suffix
    )
    .fetch_one(executor)
    .await
}
