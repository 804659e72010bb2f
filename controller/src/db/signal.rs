//! What is said between processes inside a transaction: "look again".

use serde::{Deserialize, Serialize};
use sqlx::PgExecutor;

/// The channel that all our processes listen on.
pub const CHANNEL: &str = "slipway";

/// What may have changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// The desired state or the queue of the app with this id.
    App(i64),
    /// The outcome of the operation with this id.
    Operation(i64),
    /// Where the push with this id stands.
    Push(i64),
    /// The drains.
    Drains,
    /// The route table.
    Routes,
    /// What a router reported.
    Routers,
}

/// Sends `signal` when the transaction of `executor` commits.
pub async fn notify(executor: impl PgExecutor<'_>, signal: Signal) -> Result<(), sqlx::Error> {
    let payload = serde_json::to_string(&signal).map_err(|error| sqlx::Error::Encode(error.into()))?;
    sqlx::query!("select pg_notify($1, $2)", CHANNEL, payload).execute(executor).await.map(drop)
}
