//! What each router has reported.

use std::{collections::BTreeMap, time::Duration};

use api::routes::RouteAck;
use sqlx::{PgExecutor, types::Json};

/// A router that has not reported for so long although it could is dead: nobody waits for it.
const SILENCE: Duration = Duration::from_secs(15);
/// No router comes back after this.
const FORGOTTEN: Duration = Duration::from_hours(1);

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
///
/// `watched` is for how long the caller has had the database without a pause. A router's silence counts from then on:
/// nobody could report to a database, or to a controller, that was away, and routers went on all the same.
pub async fn confirmed(executor: impl PgExecutor<'_>, epoch: i64, watched: Duration) -> Result<Confirmed, sqlx::Error> {
    let silence = if watched > SILENCE { SILENCE } else { FORGOTTEN };
    let rows = sqlx::query!(
        r#"select case when epoch = $1 then version else 0 end as "version!", in_flight as "in_flight: Json<BTreeMap<String, u64>>"
         from routers where seen_at > now() - make_interval(secs => $2)"#,
        epoch,
        silence.as_secs_f64()
    )
    .fetch_all(executor)
    .await?;
    let mut confirmed = Confirmed { version: rows.iter().map(|row| row.version).min(), ..Confirmed::default() };
    for (instance, requests) in rows.into_iter().flat_map(|row| row.in_flight.0) {
        *confirmed.in_flight.entry(instance).or_default() += requests;
    }
    Ok(confirmed)
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, time::Duration};

    use api::routes::RouteAck;
    use sqlx::PgPool;
    use uuid::Uuid;

    use super::{confirmed, report};

    const LONG: Duration = Duration::from_mins(1);

    async fn version(pool: &PgPool, watched: Duration) -> Option<i64> {
        confirmed(pool, 1, watched).await.unwrap().version
    }

    #[sqlx::test(migrations = "../migrations")]
    async fn silence_counts_only_while_somebody_listens(pool: PgPool) {
        let reports = async |router: Uuid, version| {
            let ack = RouteAck { router, epoch: 1, version, in_flight: BTreeMap::new(), leaving: false };
            report(&pool, &ack).await.unwrap();
        };
        let silent_for = async |router: Uuid, seconds: f64| {
            let query = "update routers set seen_at = now() - make_interval(secs => $2) where uuid = $1";
            sqlx::query(query).bind(router).bind(seconds).execute(&pool).await.unwrap();
        };
        assert_eq!(version(&pool, LONG).await, None);
        let (one, other) = (Uuid::now_v7(), Uuid::now_v7());
        reports(one, 3).await;
        reports(other, 4).await;
        assert_eq!(version(&pool, LONG).await, Some(3));
        silent_for(one, 16.0).await;
        assert_eq!(version(&pool, LONG).await, Some(4), "it is dead");
        assert_eq!(version(&pool, Duration::from_secs(14)).await, Some(3), "it could not report");
        silent_for(other, 16.0).await;
        assert_eq!(version(&pool, LONG).await, None);
        silent_for(one, 3601.0).await;
        assert_eq!(version(&pool, Duration::ZERO).await, Some(4), "it does not come back");
    }
}
