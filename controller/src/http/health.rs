//! Whether this process lives, and whether it can work. No token, no prefix.

use std::time::Duration;

use axum::{Router, http::StatusCode, response::IntoResponse, routing::get};
use sqlx::{Connection, PgPool};

use super::Slashed;
use crate::state::State;

/// How long the database may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) fn router() -> Router<State> {
    Router::new().slashed("/healthz", get(healthz)).slashed("/readiness", get(readiness))
}

async fn healthz() -> &'static str {
    "OK"
}

async fn readiness(state: State) -> impl IntoResponse {
    match tokio::time::timeout(PATIENCE, ping(&state.pool)).await {
        Ok(Ok(())) => (StatusCode::OK, "OK"),
        Ok(Err(_)) | Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "The database does not answer."),
    }
}

async fn ping(pool: &PgPool) -> Result<(), sqlx::Error> {
    pool.acquire().await?.ping().await
}
