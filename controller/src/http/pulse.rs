//! A database that stands still says nothing, and whoever has asked it something would wait for as long. So somebody asks it the
//! time of day each second, and when that is not answered, whoever waits is told to come again.

use std::time::Duration;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use sqlx::{Connection, PgPool};
use tokio::{
    sync::watch,
    time::{interval, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::error::Error;

/// Time between two questions.
const PERIOD: Duration = Duration::from_secs(1);
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whether the database answers.
#[derive(Clone)]
pub(super) struct Pulse(watch::Receiver<bool>);

impl Pulse {
    /// Feels it until `stopping`. A database that refuses is no matter of ours: whoever asks it hears so at once.
    pub(super) fn feel(pool: PgPool, stopping: CancellationToken) -> Self {
        let (answers, receiver) = watch::channel(true);
        tokio::spawn(stopping.run_until_cancelled_owned(async move {
            let mut ticks = interval(PERIOD);
            while !answers.is_closed() {
                ticks.tick().await;
                answers.send_replace(!is_silent(&pool).await);
            }
        }));
        Self(receiver)
    }

    /// Comes back when the database says nothing.
    async fn lost(mut self) {
        if self.0.wait_for(|answers| !answers).await.is_err() {
            // Nobody feels it any more: the controller stops, and finishes what it has begun.
            std::future::pending::<()>().await;
        }
    }
}

async fn is_silent(pool: &PgPool) -> bool {
    let ask = async { pool.acquire().await?.ping().await };
    matches!(timeout(PATIENCE, ask).await, Err(_) | Ok(Err(sqlx::Error::PoolTimedOut)))
}

/// Answers in the handler's stead once the database is silent.
pub(super) async fn answer_in_time(State(pulse): State<Pulse>, request: Request, next: Next) -> Response {
    tokio::select! {
        biased;
        response = next.run(request) => response,
        () = pulse.lost() => Error::from(sqlx::Error::PoolTimedOut).into_response(),
    }
}
