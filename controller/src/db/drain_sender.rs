//! The lease on sending lines of apps on: which controller does it, for all drains.

use std::time::Instant;

use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

use super::lease::{DURATION, HoldError, duration};

/// The right to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The holder: one controller process.
    pub owner: Uuid,
    /// Grows with each holder.
    pub fence: i64,
}

/// Takes the lease if nobody holds it. The instant is a point before which it is certainly ours.
pub async fn acquire(executor: impl PgExecutor<'_>, owner: Uuid) -> Result<Option<(Lease, Instant)>, sqlx::Error> {
    let asked = Instant::now();
    let fence = sqlx::query_scalar!(
        "update drain_sender set owner = $1, fence = fence + 1, until = now() + $2
         where until is null or until < now() returning fence",
        owner,
        duration()
    )
    .fetch_optional(executor)
    .await?;
    Ok(fence.map(|fence| (Lease { owner, fence }, asked + DURATION)))
}

/// Prolongs the lease. The instant is a point before which it is certainly ours; none when it is lost.
pub async fn renew(executor: impl PgExecutor<'_>, lease: Lease) -> Result<Option<Instant>, sqlx::Error> {
    let asked = Instant::now();
    let done = sqlx::query!(
        "update drain_sender set until = now() + $3 where owner = $1 and fence = $2 and until >= now()",
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
    sqlx::query!("update drain_sender set until = null where owner = $1 and fence = $2", lease.owner, lease.fence)
        .execute(executor)
        .await
        .map(drop)
}

/// Begins a holder's transaction, and fails when the lease is not ours any more. Holders' transactions do not wait for
/// each other.
pub async fn hold(tx: &mut PgConnection, lease: Lease) -> Result<(), HoldError> {
    let held = sqlx::query_scalar!(
        r#"select coalesce(owner = $1 and fence = $2 and until >= now(), false) as "held!" from drain_sender for share"#,
        lease.owner,
        lease.fence
    )
    .fetch_optional(tx)
    .await?;
    if held == Some(true) { Ok(()) } else { Err(HoldError::Lost) }
}
