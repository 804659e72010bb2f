//! What deploy hooks are still to be told. A row is written with its release, and so is neither lost nor made up.

use std::time::Duration;

use sqlx::{PgConnection, PgExecutor, postgres::types::PgInterval};
use uuid::Uuid;

use super::event::{self, Level};

/// One thing to tell, taken in hand.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Joins.
    pub id: i64,
    /// The receiver knows it by this when it comes twice.
    pub uuid: Uuid,
    /// What to say.
    pub query: String,
    /// How often it was taken in hand, this time included.
    pub attempts: i32,
}

/// Writes down that the hook is to be told something of the app.
pub async fn add(executor: impl PgExecutor<'_>, app_id: i64, hook: [u8; 32], query: &str) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into deploy_hooks (uuid, app_id, hook, query) values ($1, $2, $3, $4)",
        Uuid::now_v7(),
        app_id,
        &hook,
        query
    )
    .execute(executor)
    .await
    .map(drop)
}

/// Takes the oldest thing in hand that is due for the hook. Nobody else does for as long as `held`.
pub async fn take(
    executor: impl PgExecutor<'_>,
    hook: [u8; 32],
    held: Duration,
) -> Result<Option<Delivery>, sqlx::Error> {
    sqlx::query_as!(
        Delivery,
        "update deploy_hooks set attempts = attempts + 1, due_at = now() + $2
         where id = (select id from deploy_hooks where hook = $1 and due_at <= now() order by id limit 1
            for update skip locked)
         returning id, uuid, query, attempts",
        &hook,
        interval(held)
    )
    .fetch_optional(executor)
    .await
}

/// It is due again after `pause`; unless somebody else has it in hand by now.
pub async fn postpone(executor: impl PgExecutor<'_>, delivery: &Delivery, pause: Duration) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update deploy_hooks set due_at = now() + $3 where id = $1 and attempts = $2",
        delivery.id,
        delivery.attempts,
        interval(pause)
    )
    .execute(executor)
    .await
    .map(drop)
}

/// It came to an end, which the app's log tells; unless somebody else has it in hand by now.
pub async fn end(tx: &mut PgConnection, delivery: &Delivery, level: Level, text: &str) -> Result<(), sqlx::Error> {
    let app_id = sqlx::query_scalar!(
        "delete from deploy_hooks where id = $1 and attempts = $2 returning app_id",
        delivery.id,
        delivery.attempts
    )
    .fetch_optional(&mut *tx)
    .await?;
    match app_id {
        Some(app_id) => event::add(&mut *tx, app_id, level, text).await,
        None => Ok(()),
    }
}

/// Forgets what is for hooks that the operator has taken away: nobody looks for it any more.
pub async fn sweep(executor: impl PgExecutor<'_>) -> Result<(), sqlx::Error> {
    sqlx::query!("delete from deploy_hooks where created_at < now() - interval '1 day'")
        .execute(executor)
        .await
        .map(drop)
}

fn interval(duration: Duration) -> PgInterval {
    let microseconds = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
    PgInterval { months: 0, days: 0, microseconds }
}
