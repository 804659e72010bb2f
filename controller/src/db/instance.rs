//! Wanted copies of process types, where the platform keeps no count itself.
//!
//! A row is written before its instance is started and deleted when it is gone from platform and routers, so that a
//! name or an address never belongs to two.

use std::net::IpAddr;

use api::names::ProcessType;
use chrono::{DateTime, Utc};
use sqlx::PgExecutor;

/// How far an instance is on its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Should run.
    Wanted,
    /// Out of the routes; may finish what it has begun.
    Draining,
    /// Was sent SIGTERM.
    Stopping,
}

/// A wanted instance.
#[derive(Clone, Debug, PartialEq)]
pub struct Instance {
    /// Joins.
    pub id: i64,
    /// The release it runs.
    pub release_id: i64,
    /// Its process type.
    pub process_type: ProcessType,
    /// Its name on the platform.
    pub name: String,
    /// Its address.
    pub address: Option<IpAddr>,
    /// See [`Phase`].
    pub phase: Phase,
    /// A new one is asked for in its place.
    pub replace: bool,
    /// It was started to answer requests, whatever its type.
    pub listens: bool,
    /// When it first proved healthy.
    pub healthy_at: Option<DateTime<Utc>>,
    /// How often it was started again, as far as its app's log was told.
    pub restarts: u32,
    /// First version of the routes without it.
    pub routes_version: Option<i64>,
    /// When it left the routes.
    pub drain_at: Option<DateTime<Utc>>,
    /// When it was sent SIGTERM.
    pub stop_at: Option<DateTime<Utc>>,
    /// When it was first wanted.
    pub created_at: DateTime<Utc>,
}

impl Instance {
    /// Whether it answers requests: those of the types `web` and `cmd` always do.
    #[must_use]
    pub fn answers(&self) -> bool {
        self.listens || self.process_type.is_routable()
    }
}

struct Row {
    id: i64,
    release_id: i64,
    process_type: String,
    name: String,
    address: Option<String>,
    phase: String,
    replace: bool,
    listens: bool,
    healthy_at: Option<DateTime<Utc>>,
    restarts: i32,
    routes_version: Option<i64>,
    drain_at: Option<DateTime<Utc>>,
    stop_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
}

impl TryFrom<Row> for Instance {
    type Error = sqlx::Error;

    fn try_from(row: Row) -> Result<Self, sqlx::Error> {
        let phase = match row.phase.as_str() {
            "wanted" => Phase::Wanted,
            "draining" => Phase::Draining,
            "stopping" => Phase::Stopping,
            other => return Err(super::decode(format!("instance phase {other:?}"))),
        };
        Ok(Self {
            id: row.id,
            release_id: row.release_id,
            process_type: ProcessType::parse(&row.process_type).map_err(super::decode)?,
            name: row.name,
            address: row.address.as_deref().map(super::parse).transpose()?,
            phase,
            replace: row.replace,
            listens: row.listens,
            healthy_at: row.healthy_at,
            restarts: u32::try_from(row.restarts).map_err(super::decode)?,
            routes_version: row.routes_version,
            drain_at: row.drain_at,
            stop_at: row.stop_at,
            created_at: row.created_at,
        })
    }
}

/// The app's instances, oldest first.
pub async fn list(executor: impl PgExecutor<'_>, app_id: i64) -> Result<Vec<Instance>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Row,
        "select id, release_id, process_type, name, host(address) as address, phase, replace, listens, healthy_at, restarts, routes_version,
            drain_at, stop_at, created_at
         from instances where app_id = $1 order by id",
        app_id
    )
    .fetch_all(executor)
    .await?;
    rows.into_iter().map(Instance::try_from).collect()
}

/// An instance that is wanted from now on.
pub struct NewInstance<'a> {
    /// See [`Instance::release_id`].
    pub release_id: i64,
    /// See [`Instance::process_type`].
    pub process_type: &'a ProcessType,
    /// See [`Instance::name`].
    pub name: &'a str,
    /// See [`Instance::address`].
    pub address: Option<IpAddr>,
    /// See [`Instance::listens`].
    pub listens: bool,
}

/// Wants one more. Fails when name or address are taken.
pub async fn insert(executor: impl PgExecutor<'_>, app_id: i64, new: NewInstance<'_>) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into instances (app_id, release_id, process_type, name, address, listens)
         values ($1, $2, $3, $4, $5::text::inet, $6)",
        app_id,
        new.release_id,
        new.process_type.as_str(),
        new.name,
        new.address.map(|address| address.to_string()),
        new.listens
    )
    .execute(executor)
    .await
    .map(drop)
}

/// They proved healthy.
pub async fn mark_healthy(executor: impl PgExecutor<'_>, ids: &[i64]) -> Result<(), sqlx::Error> {
    sqlx::query!("update instances set healthy_at = now() where id = any($1) and healthy_at is null", ids)
        .execute(executor)
        .await
        .map(drop)
}

/// Its app's log was told of this many restarts.
pub async fn set_restarts(executor: impl PgExecutor<'_>, id: i64, restarts: u32) -> Result<(), sqlx::Error> {
    let restarts = i32::try_from(restarts).unwrap_or(i32::MAX);
    sqlx::query!("update instances set restarts = $2 where id = $1", id, restarts).execute(executor).await.map(drop)
}

/// They are no longer wanted, and no longer in the routes as of `routes_version`.
pub async fn drain(executor: impl PgExecutor<'_>, ids: &[i64], routes_version: i64) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update instances set phase = 'draining', drain_at = now(), routes_version = $2
         where id = any($1) and phase = 'wanted'",
        ids,
        routes_version
    )
    .execute(executor)
    .await
    .map(drop)
}

/// It is sent SIGTERM now.
pub async fn mark_stopping(executor: impl PgExecutor<'_>, id: i64) -> Result<(), sqlx::Error> {
    sqlx::query!("update instances set phase = 'stopping', stop_at = now() where id = $1 and phase = 'draining'", id)
        .execute(executor)
        .await
        .map(drop)
}

/// It is gone.
pub async fn delete(executor: impl PgExecutor<'_>, id: i64) -> Result<(), sqlx::Error> {
    sqlx::query!("delete from instances where id = $1 and phase <> 'wanted'", id).execute(executor).await.map(drop)
}

/// Asks for new instances in place of the wanted ones named (all of the app when `names` is none). Answers their names.
pub async fn replace(
    executor: impl PgExecutor<'_>,
    app_id: i64,
    names: Option<&[String]>,
) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar!(
        "update instances set replace = true
         where app_id = $1 and phase = 'wanted' and ($2::text[] is null or name = any($2)) returning name",
        app_id,
        names
    )
    .fetch_all(executor)
    .await
}

/// Addresses in use in the app's network, by instances and runs.
pub async fn addresses(executor: impl PgExecutor<'_>, app_id: i64) -> Result<Vec<IpAddr>, sqlx::Error> {
    let rows = sqlx::query_scalar!(
        r#"select host(address) as "address!" from instances where app_id = $1 and address is not null
         union all select host(address) from runs where app_id = $1 and address is not null"#,
        app_id
    )
    .fetch_all(executor)
    .await?;
    rows.iter().map(|text| super::parse(text)).collect()
}
