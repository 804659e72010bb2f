//! Which push is built next, and by whom: a lease on its row, as on an app ([`super::lease`]).

use std::time::Instant;

use sqlx::{PgConnection, PgExecutor, PgPool};
use uuid::Uuid;

use super::{
    lease::{DURATION, HoldError, duration},
    transaction,
};

/// The right to work on one push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The push.
    pub id: i64,
    /// The push.
    pub uuid: Uuid,
    /// The holder: one controller process.
    pub owner: Uuid,
    /// Grows with each holder.
    pub fence: i64,
}

/// Takes over a push that is under way and that nobody works on. The instant is a point before which it is certainly ours.
pub async fn adopt(executor: impl PgExecutor<'_>, owner: Uuid) -> Result<Option<(Lease, Instant)>, sqlx::Error> {
    let asked = Instant::now();
    let row = sqlx::query!(
        "update pushes set lease_owner = $1, lease_fence = lease_fence + 1, lease_until = now() + $2
         where id = (select id from pushes where state in ('building', 'deploying')
            and (lease_until is null or lease_until < now()) order by id limit 1 for update skip locked)
         returning id, uuid, lease_fence",
        owner,
        duration()
    )
    .fetch_optional(executor)
    .await?;
    Ok(row.map(|row| (Lease { id: row.id, uuid: row.uuid, owner, fence: row.lease_fence }, asked + DURATION)))
}

/// Starts the next push in the queue if fewer than `places` are being built. An app waits behind those that were built
/// less recently.
pub async fn start_next(pool: &PgPool, owner: Uuid, places: u32) -> Result<Option<(Lease, Instant)>, sqlx::Error> {
    // Asked each second by every controller: to lock a row is a write to disk.
    let waits = sqlx::query_scalar!(r#"select exists (select from pushes where state = 'queued') as "waits!""#);
    if !waits.fetch_one(pool).await? {
        return Ok(None);
    }
    let asked = Instant::now();
    let mut tx = transaction::begin(pool).await?;
    sqlx::query!("select only_row from push_queue for update").fetch_one(&mut *tx).await?;
    let row = sqlx::query!(
        "update pushes set state = 'building', started_at = now(), lease_owner = $1, lease_fence = lease_fence + 1,
            lease_until = now() + $2
         where id = (select p.id from pushes p where p.state = 'queued' order by
                (select max(e.started_at) from pushes e where e.app_id = p.app_id) nulls first, p.id
            limit 1 for update of p skip locked)
            and (select count(*) from pushes where state = 'building') < $3
         returning id, uuid, lease_fence",
        owner,
        duration(),
        i64::from(places)
    )
    .fetch_optional(&mut *tx)
    .await?;
    transaction::commit(tx).await?;
    Ok(row.map(|row| (Lease { id: row.id, uuid: row.uuid, owner, fence: row.lease_fence }, asked + DURATION)))
}

/// How many builds come before the push, those that run included; none when it does not wait.
pub async fn ahead(executor: impl PgExecutor<'_>, id: i64) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select place - 1 + (select count(*) from pushes where state = 'building') as "ahead!" from
            (select p.id, row_number() over (order by
                (select max(e.started_at) from pushes e where e.app_id = p.app_id) nulls first, p.id) as place
             from pushes p where p.state = 'queued') waiting
         where id = $1"#,
        id
    )
    .fetch_optional(executor)
    .await
}

/// Prolongs the lease. The instant is a point before which it is certainly ours; none when it is lost.
pub async fn renew(executor: impl PgExecutor<'_>, lease: Lease) -> Result<Option<Instant>, sqlx::Error> {
    let asked = Instant::now();
    let done = sqlx::query!(
        "update pushes set lease_until = now() + $4
         where id = $1 and lease_owner = $2 and lease_fence = $3 and lease_until >= now()",
        lease.id,
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
        "update pushes set lease_until = null where id = $1 and lease_owner = $2 and lease_fence = $3",
        lease.id,
        lease.owner,
        lease.fence
    )
    .execute(executor)
    .await
    .map(drop)
}

/// Begins a holder's transaction: locks the push's row, and fails when the lease is not ours any more. True when somebody
/// asked for the build to be ended.
pub async fn hold(tx: &mut PgConnection, lease: Lease) -> Result<bool, HoldError> {
    let row = sqlx::query!(
        r#"select coalesce(lease_owner = $2 and lease_fence = $3 and lease_until >= now(), false) as "held!",
            cancel_requested
         from pushes where id = $1 for update"#,
        lease.id,
        lease.owner,
        lease.fence
    )
    .fetch_optional(tx)
    .await?;
    row.filter(|row| row.held).map(|row| row.cancel_requested).ok_or(HoldError::Lost)
}
