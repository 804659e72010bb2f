//! One-off runs: who holds them, and which are to be removed.

use std::net::IpAddr;

use sqlx::PgExecutor;
use uuid::Uuid;

/// Seconds for which a run's holder is believed to live after its last sign.
pub const HOLD_SECS: f64 = 15.0;

/// A run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Joins.
    pub id: i64,
    /// Its name on the platform.
    pub name: String,
    /// Its container is to be removed.
    pub ended: bool,
}

/// What a new run says.
pub struct NewRun<'a> {
    /// The app.
    pub app_id: i64,
    /// The release it runs.
    pub release_id: i64,
    /// Who runs it.
    pub user_id: i64,
    /// Its name on the platform.
    pub name: &'a str,
    /// Its address.
    pub address: Option<IpAddr>,
}

/// Adds a run that is held from now on. Answers its id.
pub async fn insert(executor: impl PgExecutor<'_>, run: NewRun<'_>) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        "insert into runs (uuid, app_id, release_id, user_id, name, address, held_until)
         values ($1, $2, $3, $4, $5, $6::text::inet, now() + make_interval(secs => $7)) returning id",
        Uuid::now_v7(),
        run.app_id,
        run.release_id,
        run.user_id,
        run.name,
        run.address.map(|address| address.to_string()),
        HOLD_SECS
    )
    .fetch_one(executor)
    .await
}

/// Its holder lives. False when the run is to be removed.
pub async fn hold(executor: impl PgExecutor<'_>, id: i64) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "update runs set held_until = now() + make_interval(secs => $2) where id = $1 and ended_at is null",
        id,
        HOLD_SECS
    )
    .execute(executor)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Asks for its container to be removed.
pub async fn end(executor: impl PgExecutor<'_>, id: i64) -> Result<(), sqlx::Error> {
    sqlx::query!("update runs set ended_at = coalesce(ended_at, now()) where id = $1", id)
        .execute(executor)
        .await
        .map(drop)
}

/// Asks the same for runs of the app whose holder is dead, or for all of them.
pub async fn end_abandoned(executor: impl PgExecutor<'_>, app_id: i64, all: bool) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update runs set ended_at = now() where app_id = $1 and ended_at is null and (held_until < now() or $2)",
        app_id,
        all
    )
    .execute(executor)
    .await
    .map(drop)
}

/// The app's runs.
pub async fn list(executor: impl PgExecutor<'_>, app_id: i64) -> Result<Vec<Run>, sqlx::Error> {
    sqlx::query_as!(
        Run,
        r#"select id, name, ended_at is not null as "ended!" from runs where app_id = $1 order by id"#,
        app_id
    )
    .fetch_all(executor)
    .await
}

/// Its container is gone.
pub async fn delete(executor: impl PgExecutor<'_>, id: i64) -> Result<(), sqlx::Error> {
    sqlx::query!("delete from runs where id = $1 and ended_at is not null", id).execute(executor).await.map(drop)
}
