//! The internal listener: the route stream and its acknowledgements. Every caller proves itself with its component's
//! credential; none of the public API is here.

mod stream;

use api::routes::{ACK_PATH, RouteAck, STREAM_PATH};
use axum::{
    Json, Router,
    body::Body,
    extract::{Query, Request, State as Extract},
    http::{HeaderMap, StatusCode, header},
    middleware::{self, Next},
    response::Response,
    routing::{get, post},
};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::{
    db::{
        self,
        signal::{Signal, notify},
    },
    error::Error,
    state::State,
};

/// The component whose credential opens this listener.
const ROUTER: &str = "router";

/// The internal listener's routes.
pub fn router(state: State) -> Router {
    Router::new()
        .route(STREAM_PATH, get(stream_routes))
        .route(ACK_PATH, post(acknowledge))
        .layer(middleware::from_fn_with_state(state.clone(), only_routers))
        .with_state(state)
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
    let mut tx = state.pool.begin().await?;
    let news = if ack.leaving {
        db::router::forget(&mut *tx, ack.router).await?;
        true
    } else {
        db::router::report(&mut *tx, ack).await?
    };
    if news {
        notify(&mut *tx, Signal::Routers).await?;
    }
    tx.commit().await
}

async fn only_routers(
    Extract(state): Extract<State>,
    headers: HeaderMap,
    request: Request,
    next: Next,
) -> Result<Response, StatusCode> {
    match component(&state, &headers).await {
        Ok(Some(name)) if name == ROUTER => Ok(next.run(request).await),
        Ok(_) => Err(StatusCode::UNAUTHORIZED),
        Err(error) => {
            tracing::warn!(%error, "a component's credential cannot be checked");
            Err(StatusCode::SERVICE_UNAVAILABLE)
        }
    }
}

/// The component that the request's credential belongs to.
async fn component(state: &State, headers: &HeaderMap) -> Result<Option<String>, Error> {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let Some(credential) = value.and_then(|value| value.strip_prefix("Bearer ")) else { return Ok(None) };
    Ok(db::installation::find_component(&state.pool, &Sha256::digest(credential.trim())).await?)
}
