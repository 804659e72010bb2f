//! The HTTP API: health only, so far.

use axum::{Router, routing::get};

use crate::state::State;

/// The public API.
pub fn router(state: State) -> Router {
    Router::new().route("/healthz", get(|| async { "OK" })).with_state(state)
}
