//! Failed logins of the last hour, by user name and by address.

use sqlx::PgExecutor;

/// Recent failures of one subject.
pub struct Recent {
    /// How many within the window.
    pub count: i64,
    /// Seconds until the oldest of them leaves the window.
    pub oldest_leaves_in: f64,
}

/// Notes a failure for each of `subjects`.
pub async fn insert(executor: impl PgExecutor<'_>, subjects: &[String]) -> Result<(), sqlx::Error> {
    sqlx::query!("insert into login_failures (subject) select unnest($1::text[])", subjects)
        .execute(executor)
        .await
        .map(drop)
}

/// The failures of `subject` within the last `window_seconds`.
pub async fn recent(executor: impl PgExecutor<'_>, subject: &str, window_seconds: f64) -> Result<Recent, sqlx::Error> {
    sqlx::query_as!(
        Recent,
        r#"select count(*) as "count!",
            coalesce(extract(epoch from min(at) - now())::float8 + $2, 0) as "oldest_leaves_in!"
         from login_failures where subject = $1 and at > now() - make_interval(secs => $2)"#,
        subject,
        window_seconds
    )
    .fetch_one(executor)
    .await
}

/// Drops what no window looks at any more.
pub async fn sweep(executor: impl PgExecutor<'_>) -> Result<(), sqlx::Error> {
    sqlx::query!("delete from login_failures where at < now() - interval '1 hour'").execute(executor).await.map(drop)
}
