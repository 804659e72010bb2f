//! Whether this process lives, and whether it can work. No token, no prefix.

use std::time::Duration;

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use sqlx::{Connection, PgPool};

use super::route::{Routes, get};
use crate::state::State;

/// How long the database may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// The header that names the process.
const PROCESS: &str = "x-slipway-process";

pub(super) fn router() -> Routes {
    Routes::new().slashed("/healthz", get("Whether the controller lives", healthz)).slashed(
        "/readiness",
        get("Whether the controller can work", readiness).with(|operation| {
            operation.answers_text(200);
            operation.answers_text(503);
        }),
    )
}

async fn healthz() -> &'static str {
    "OK"
}

/// Says which process answers, too: while one controller follows another, a supervisor has to know of which it hears.
async fn readiness(state: State) -> Response {
    let (status, text) = match tokio::time::timeout(PATIENCE, ping(&state.pool)).await {
        Ok(Ok(())) => (StatusCode::OK, "OK"),
        Ok(Err(_)) | Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "The database does not answer."),
    };
    (status, [(PROCESS, std::process::id().to_string())], text).into_response()
}

async fn ping(pool: &PgPool) -> Result<(), sqlx::Error> {
    pool.acquire().await?.ping().await
}
