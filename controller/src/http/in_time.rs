//! Whoever waits for a database that says nothing is told to come again.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::{error::Error, pulse::Pulse};

/// Answers in the handler's stead once the database is silent.
pub(super) async fn answer_in_time(State(pulse): State<Pulse>, request: Request, next: Next) -> Response {
    tokio::select! {
        biased;
        response = next.run(request) => response,
        () = pulse.lost() => Error::from(sqlx::Error::PoolTimedOut).into_response(),
    }
}
