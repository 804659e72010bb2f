//! What each router has reported.

use std::collections::BTreeMap;

use api::routes::RouteAck;
use sqlx::{PgExecutor, types::Json};

/// A router that has not reported for this many seconds is dead: nobody waits for it.
pub const SILENCE_SECS: f64 = 15.0;

/// What all live routers together have confirmed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Confirmed {
    /// The version that every one of them routes by; none when no router lives.
    pub version: Option<i64>,
    /// Requests under way per instance, summed.
    pub in_flight: BTreeMap<String, u64>,
}

impl Confirmed {
    /// True once no live router sends anything to what left the routes with `version`.
    #[must_use]
    pub fn has(&self, version: i64) -> bool {
        self.version.is_none_or(|confirmed| confirmed >= version)
    }
}

/// Takes down a report. True when it says more than the one before.
pub async fn report(executor: impl PgExecutor<'_>, ack: &RouteAck) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"with before as (select version, in_flight from routers where uuid = $1)
         insert into routers (uuid, epoch, version, in_flight) values ($1, $2, $3, $4)
         on conflict (uuid) do update set epoch = $2, version = $3, in_flight = $4, seen_at = now()
         returning coalesce((select version <> $3 or in_flight <> $4 from before), true) as "news!""#,
        ack.router,
        ack.epoch,
        ack.version,
        Json(&ack.in_flight) as _
    )
    .fetch_one(executor)
    .await
}

/// A router took its leave, or died long ago.
pub async fn forget(executor: impl PgExecutor<'_>, router: uuid::Uuid) -> Result<(), sqlx::Error> {
    sqlx::query!("delete from routers where uuid = $1 or seen_at < now() - interval '1 hour'", router)
        .execute(executor)
        .await
        .map(drop)
}

/// What the live routers have confirmed in `epoch`; one that is still in another epoch has confirmed nothing.
pub async fn confirmed(executor: impl PgExecutor<'_>, epoch: i64) -> Result<Confirmed, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select case when epoch = $1 then version else 0 end as "version!", in_flight as "in_flight: Json<BTreeMap<String, u64>>"
         from routers where seen_at > now() - make_interval(secs => $2)"#,
        epoch,
        SILENCE_SECS
    )
    .fetch_all(executor)
    .await?;
    let mut confirmed = Confirmed { version: rows.iter().map(|row| row.version).min(), ..Confirmed::default() };
    for (instance, requests) in rows.into_iter().flat_map(|row| row.in_flight.0) {
        *confirmed.in_flight.entry(instance).or_default() += requests;
    }
    Ok(confirmed)
}
