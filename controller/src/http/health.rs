//! Whether this process lives, and whether it can work. No token, no prefix.

use std::time::Duration;

use axum::{Router, http::StatusCode, response::IntoResponse, routing::get};
use sqlx::{Connection, PgPool};

use super::Slashed;
use crate::state::State;

/// How long the database may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// The header that names the process.
const PROCESS: &str = "x-slipway-process";

pub(super) fn router() -> Router<State> {
    Router::new().slashed("/healthz", get(healthz)).slashed("/readiness", get(readiness))
}

async fn healthz() -> &'static str {
    "OK"
}

/// Says which process answers, too: while one controller follows another, a supervisor has to know of which it hears.
async fn readiness(state: State) -> impl IntoResponse {
    let (status, text) = match tokio::time::timeout(PATIENCE, ping(&state.pool)).await {
        Ok(Ok(())) => (StatusCode::OK, "OK"),
        Ok(Err(_)) | Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "The database does not answer."),
    };
    (status, [(PROCESS, std::process::id().to_string())], text)
}

async fn ping(pool: &PgPool) -> Result<(), sqlx::Error> {
    pool.acquire().await?.ping().await
}
