//! The lease on an app: who may act for it.
//!
//! Times are the database's. The fence grows with each holder, and every transaction of a holder begins with
//! [`hold`], which fails, and so undoes all, once somebody else has taken over.

use std::time::{Duration, Instant};

use sqlx::{PgConnection, PgExecutor, postgres::types::PgInterval};
use uuid::Uuid;

/// How long a lease lasts unless renewed.
pub const DURATION: Duration = Duration::from_secs(10);
/// How often its holder renews it.
pub const RENEWAL: Duration = Duration::from_secs(3);

/// The right to act for one app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The app.
    pub app_id: i64,
    /// The holder: one controller process.
    pub owner: Uuid,
    /// Grows with each holder.
    pub fence: i64,
}

/// Somebody else acts for the app, or nobody may any more.
#[derive(Debug, thiserror::Error)]
pub enum HoldError {
    /// The lease is not ours any more.
    #[error("the lease on the app was lost")]
    Lost,
    /// The database did not answer.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// [`DURATION`], as the database reads it.
pub(super) fn duration() -> PgInterval {
    PgInterval { months: 0, days: 0, microseconds: 10_000_000 }
}

/// Takes the lease if nobody holds it. The instant is a point before which it is certainly ours.
pub async fn acquire(
    executor: impl PgExecutor<'_>,
    app_id: i64,
    owner: Uuid,
) -> Result<Option<(Lease, Instant)>, sqlx::Error> {
    let asked = Instant::now();
    let fence = sqlx::query_scalar!(
        "update apps set lease_owner = $2, lease_fence = lease_fence + 1, lease_until = now() + $3
         where id = $1 and (lease_until is null or lease_until < now()) returning lease_fence",
        app_id,
        owner,
        duration()
    )
    .fetch_optional(executor)
    .await?;
    Ok(fence.map(|fence| (Lease { app_id, owner, fence }, asked + DURATION)))
}

/// Prolongs the lease. The instant is a point before which it is certainly ours; none when it is lost.
pub async fn renew(executor: impl PgExecutor<'_>, lease: Lease) -> Result<Option<Instant>, sqlx::Error> {
    let asked = Instant::now();
    let done = sqlx::query!(
        "update apps set lease_until = now() + $4
         where id = $1 and lease_owner = $2 and lease_fence = $3 and lease_until >= now()",
        lease.app_id,
        lease.owner,
        lease.fence,
        duration()
    )
    .execute(executor)
    .await?;
    Ok((done.rows_affected() == 1).then(|| asked + DURATION))
}

/// Gives the lease up, so that nobody has to wait for its end.
pub async fn release(executor: impl PgExecutor<'_>, lease: Lease) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update apps set lease_until = null where id = $1 and lease_owner = $2 and lease_fence = $3",
        lease.app_id,
        lease.owner,
        lease.fence
    )
    .execute(executor)
    .await
    .map(drop)
}

/// Begins a holder's transaction: locks the app's row, and fails when the lease is not ours any more.
pub async fn hold(tx: &mut PgConnection, lease: Lease) -> Result<(), HoldError> {
    let held = sqlx::query_scalar!(
        r#"select coalesce(lease_owner = $2 and lease_fence = $3 and lease_until >= now(), false) as "held!"
         from apps where id = $1 for update"#,
        lease.app_id,
        lease.owner,
        lease.fence
    )
    .fetch_optional(tx)
    .await?;
    if held == Some(true) { Ok(()) } else { Err(HoldError::Lost) }
}
