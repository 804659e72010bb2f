//! What routers ask on the internal listener: the route stream, and its acknowledgements.

pub(crate) mod stream;

use api::routes::{ACK_PATH, RouteAck, STREAM_PATH};
use axum::{
    Json, Router,
    body::Body,
    extract::{Query, State as Extract},
    http::{StatusCode, header},
    response::Response,
    routing::{get, post},
};
use serde::Deserialize;

use crate::{
    db::{
        self,
        signal::{Signal, notify},
    },
    state::State,
};

/// What a router may reach.
pub fn router() -> Router<State> {
    Router::new().route(STREAM_PATH, get(stream_routes)).route(ACK_PATH, post(acknowledge))
}

/// Where the router stands.
#[derive(Deserialize)]
struct Position {
    #[serde(default)]
    epoch: i64,
    #[serde(default)]
    after: i64,
}

async fn stream_routes(Extract(state): Extract<State>, Query(position): Query<Position>) -> Response {
    let body = Body::from_stream(stream::events(state, position.epoch, position.after));
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/x-ndjson"));
    response
}

async fn acknowledge(Extract(state): Extract<State>, Json(ack): Json<RouteAck>) -> Result<StatusCode, StatusCode> {
    take_down(&state, &ack).await.map_err(|error| {
        tracing::warn!(%error, "a router's report was not taken down");
        StatusCode::SERVICE_UNAVAILABLE
    })?;
    Ok(StatusCode::NO_CONTENT)
}

async fn take_down(state: &State, ack: &RouteAck) -> Result<(), sqlx::Error> {
    let mut tx = db::begin(&state.pool).await?;
    let news = if ack.leaving {
        db::router::forget(&mut *tx, ack.router).await?;
        true
    } else {
        db::router::report(&mut *tx, ack).await?
    };
    if news {
        notify(&mut *tx, Signal::Routers).await?;
    }
    db::commit(tx).await
}
