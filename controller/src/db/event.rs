//! The controller's own lines in an app's log.

use chrono::{DateTime, Utc};
use sqlx::PgExecutor;

/// A line's weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Something happened.
    Info,
    /// Something may need a look.
    Warn,
    /// Something went wrong.
    Error,
}

impl Level {
    /// As it is shown and stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
        }
    }
}

/// One line.
#[derive(Clone, Debug)]
pub struct Event {
    /// Grows with each line.
    pub id: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// As [`Level::as_str`].
    pub level: String,
    /// What.
    pub text: String,
}

/// Adds a line.
pub async fn add(executor: impl PgExecutor<'_>, app_id: i64, level: Level, text: &str) -> Result<(), sqlx::Error> {
    sqlx::query!("insert into events (app_id, level, text) values ($1, $2, $3)", app_id, level.as_str(), text)
        .execute(executor)
        .await
        .map(drop)
}

/// The app's last `lines` lines, oldest first.
pub async fn last(executor: impl PgExecutor<'_>, app_id: i64, lines: i64) -> Result<Vec<Event>, sqlx::Error> {
    sqlx::query_as!(
        Event,
        r#"select id as "id!", at as "at!", level as "level!", text as "text!" from
            (select id, at, level, text from events where app_id = $1 order by id desc limit $2) newest order by id"#,
        app_id,
        lines
    )
    .fetch_all(executor)
    .await
}

/// The app's next `lines` lines behind the one with `id`.
pub async fn after(executor: impl PgExecutor<'_>, app_id: i64, id: i64, lines: i64) -> Result<Vec<Event>, sqlx::Error> {
    sqlx::query_as!(
        Event,
        "select id, at, level, text from events where app_id = $1 and id > $2 order by id limit $3",
        app_id,
        id,
        lines
    )
    .fetch_all(executor)
    .await
}

/// Every line from before this moment can be read by now, and has a smaller number than those that cannot: no transaction
/// that may have written one is still under way.
pub async fn settled(executor: impl PgExecutor<'_>) -> Result<DateTime<Utc>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select coalesce(least(min(xact_start), now()), now()) as "settled!" from pg_stat_activity
         where datname = current_database() and backend_xid is not null"#
    )
    .fetch_one(executor)
    .await
}

/// The app's next `lines` lines behind the one with `id`, from before `until`, which [`settled`] told.
pub async fn settled_after(
    executor: impl PgExecutor<'_>,
    app_id: i64,
    id: i64,
    until: DateTime<Utc>,
    lines: i64,
) -> Result<Vec<Event>, sqlx::Error> {
    sqlx::query_as!(
        Event,
        "select id, at, level, text from events where app_id = $1 and id > $2 and at < $3 order by id limit $4",
        app_id,
        id,
        until,
        lines
    )
    .fetch_all(executor)
    .await
}

/// The apps that have lines behind the one with `id`, from before `until`, and the number of the last.
pub async fn told(
    executor: impl PgExecutor<'_>,
    id: i64,
    until: DateTime<Utc>,
) -> Result<Vec<(i64, i64)>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select app_id, max(id) as "last!" from events where id > $1 and at < $2 group by app_id"#,
        id,
        until
    )
    .fetch_all(executor)
    .await?;
    Ok(rows.into_iter().map(|row| (row.app_id, row.last)).collect())
}

/// The number of the app's last line; 0 when it has none.
pub async fn newest(executor: impl PgExecutor<'_>, app_id: i64) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(r#"select coalesce(max(id), 0) as "newest!" from events where app_id = $1"#, app_id)
        .fetch_one(executor)
        .await
}

/// The number of the last line of any app from before `until`; 0 when there is none.
pub async fn newest_of_all(executor: impl PgExecutor<'_>, until: DateTime<Utc>) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(r#"select coalesce(max(id), 0) as "newest!" from events where at < $1"#, until)
        .fetch_one(executor)
        .await
}

/// Keeps the newest 1,000 lines of each app, as many as Deis kept.
pub async fn sweep(executor: impl PgExecutor<'_>) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "delete from events where id in (
            select id from (select id, row_number() over (partition by app_id order by id desc) as place from events) ranked
            where place > 1000)"
    )
    .execute(executor)
    .await
    .map(drop)
}
