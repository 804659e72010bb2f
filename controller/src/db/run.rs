//! One-off runs: who holds them, and which are to be removed.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use sqlx::PgExecutor;
use uuid::Uuid;

/// Seconds for which a run's holder is believed to live after its last sign.
pub const HOLD_SECS: f64 = 15.0;

/// A run, as whoever looks after the app sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Joins.
    pub id: i64,
    /// Its name on the platform.
    pub name: String,
    /// Number of the release it runs.
    pub version: u32,
    /// Nobody waits for it: it was started, and goes on by itself.
    pub detached: bool,
    /// Its container is to be removed.
    pub ended: bool,
    /// When it was sent SIGTERM.
    pub stop_at: Option<DateTime<Utc>>,
}

/// A run, as users see it.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Its name on the platform.
    pub name: String,
    /// What it runs.
    pub command: Option<String>,
    /// Who began it.
    pub username: String,
    /// Number of the release it runs.
    pub version: i32,
    /// Nobody waits for it.
    pub detached: bool,
    /// When it was begun.
    pub created_at: DateTime<Utc>,
    /// Until when it is believed to be held, or may go on.
    pub held_until: DateTime<Utc>,
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
    /// What it runs.
    pub command: &'a str,
    /// Its address.
    pub address: Option<IpAddr>,
}

/// Adds a run that is held from now on. Answers its id; none when another one has the name.
pub async fn insert(executor: impl PgExecutor<'_>, run: NewRun<'_>) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar!(
        "insert into runs (uuid, app_id, release_id, user_id, name, command, address, held_until)
         values ($1, $2, $3, $4, $5, $6, $7::text::inet, now() + make_interval(secs => $8))
         on conflict (name) do nothing returning id",
        Uuid::now_v7(),
        run.app_id,
        run.release_id,
        run.user_id,
        run.name,
        run.command,
        run.address.map(|address| address.to_string()),
        HOLD_SECS
    )
    .fetch_optional(executor)
    .await
}

/// Its holder lives. False when the run is to be removed.
pub async fn hold(executor: impl PgExecutor<'_>, id: i64) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "update runs set held_until = now() + make_interval(secs => $2)
         where id = $1 and ended_at is null and not detached",
        id,
        HOLD_SECS
    )
    .execute(executor)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// It was started and goes on without a holder, for so long. False when it was ended meanwhile.
pub async fn detach(executor: impl PgExecutor<'_>, id: i64, limit_seconds: i32) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "update runs set detached = true, limit_seconds = $2::int, held_until = now() + make_interval(secs => $2::int)
         where id = $1 and ended_at is null",
        id,
        limit_seconds
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

/// Asks the same for the app's run of that name. False when there is none that goes on.
pub async fn end_named(executor: impl PgExecutor<'_>, app_id: i64, name: &str) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "update runs set ended_at = now() where app_id = $1 and name = $2 and ended_at is null",
        app_id,
        name
    )
    .execute(executor)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Asks the same for runs of the app whose holder is dead or whose time is over, or for all of them. The app's log is told of
/// those whose time is over.
pub async fn end_abandoned(executor: impl PgExecutor<'_>, app_id: i64, all: bool) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "with ended as (
            update runs set ended_at = now() where app_id = $1 and ended_at is null and (held_until < now() or $2)
            returning name, limit_seconds)
         insert into events (app_id, level, text)
         select $1, 'WARN', format('%s is ended: its time limit of %s s is over', name, limit_seconds)
         from ended where limit_seconds is not null and not $2",
        app_id,
        all
    )
    .execute(executor)
    .await
    .map(drop)
}

/// It was sent SIGTERM.
pub async fn mark_stopping(executor: impl PgExecutor<'_>, id: i64) -> Result<(), sqlx::Error> {
    sqlx::query!("update runs set stop_at = coalesce(stop_at, now()) where id = $1", id)
        .execute(executor)
        .await
        .map(drop)
}

/// The app's runs.
pub async fn list(executor: impl PgExecutor<'_>, app_id: i64) -> Result<Vec<Run>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select r.id, r.name, s.version, r.detached, r.ended_at is not null as "ended!", r.stop_at
         from runs r join releases s on s.id = r.release_id where r.app_id = $1 order by r.id"#,
        app_id
    )
    .fetch_all(executor)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Run {
                id: row.id,
                name: row.name,
                version: u32::try_from(row.version).map_err(super::decode)?,
                detached: row.detached,
                ended: row.ended,
                stop_at: row.stop_at,
            })
        })
        .collect()
}

/// Those that go on, oldest first.
pub async fn under_way(executor: impl PgExecutor<'_>, app_id: i64) -> Result<Vec<Listed>, sqlx::Error> {
    sqlx::query_as!(
        Listed,
        "select r.name, r.command, u.username, s.version, r.detached, r.created_at, r.held_until
         from runs r join releases s on s.id = r.release_id join users u on u.id = r.user_id
         where r.app_id = $1 and r.ended_at is null order by r.id",
        app_id
    )
    .fetch_all(executor)
    .await
}

/// Its container is gone.
pub async fn delete(executor: impl PgExecutor<'_>, id: i64) -> Result<(), sqlx::Error> {
    sqlx::query!("delete from runs where id = $1 and ended_at is not null", id).execute(executor).await.map(drop)
}
