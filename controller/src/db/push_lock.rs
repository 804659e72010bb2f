//! The lock on pushes to an app: one git client at a time, by the database's clock.

use api::push::LOCK_SECS;
use sqlx::PgExecutor;
use uuid::Uuid;

/// Takes or renews the lock. False while another holder has it, or a push of another holder is under way.
pub async fn take(executor: impl PgExecutor<'_>, app_id: i64, holder: Uuid) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "insert into push_locks as l (app_id, holder, until)
         select $1, $2, now() + make_interval(secs => $3) where not exists (select 1 from pushes
            where app_id = $1 and holder <> $2 and state in ('queued', 'building', 'deploying'))
         on conflict (app_id) do update set holder = excluded.holder, until = excluded.until
            where l.holder = excluded.holder or l.until < now()",
        app_id,
        holder,
        f64::from(u32::try_from(LOCK_SECS).unwrap_or(u32::MAX))
    )
    .execute(executor)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Gives the lock up.
pub async fn release(executor: impl PgExecutor<'_>, app_id: i64, holder: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query!("delete from push_locks where app_id = $1 and holder = $2", app_id, holder)
        .execute(executor)
        .await
        .map(drop)
}

/// Whether `holder` has the lock; its row is locked until the transaction ends.
pub async fn hold(executor: impl PgExecutor<'_>, app_id: i64, holder: Uuid) -> Result<bool, sqlx::Error> {
    let held = sqlx::query_scalar!(
        r#"select until >= now() as "held!" from push_locks where app_id = $1 and holder = $2 for update"#,
        app_id,
        holder
    )
    .fetch_optional(executor)
    .await?;
    Ok(held == Some(true))
}
