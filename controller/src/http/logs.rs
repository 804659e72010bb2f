//! `GET /v2/apps/{id}/logs`: what the app wrote and what happened to it, as text.

use anyhow::Context;
use axum::{
    Router,
    extract::Query,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use serde::Deserialize;

use super::{
    Slashed,
    extract::{Allowed, Use},
};
use crate::{
    db::{app::App, event},
    error::Error,
    logs::{DEFAULT_LINES, MAX_LINES, render},
    state::State,
};

const TEXT: (header::HeaderName, &str) = (header::CONTENT_TYPE, "text/plain; charset=utf-8");

#[derive(Default, Deserialize)]
#[serde(default)]
struct Wanted {
    /// As written; junk means the default, as everywhere in lists.
    log_lines: String,
}

pub(super) fn router() -> Router<State> {
    Router::new().slashed("/v2/apps/{id}/logs", get(show))
}

async fn show(state: State, allowed: Allowed<Use>, Query(wanted): Query<Wanted>) -> Response {
    let count = wanted.log_lines.parse().ok().filter(|count| *count > 0).unwrap_or(DEFAULT_LINES).min(MAX_LINES);
    match last(&state, &allowed.app, count).await {
        Ok(text) if text.is_empty() => StatusCode::NO_CONTENT.into_response(),
        Ok(text) => ([TEXT], text).into_response(),
        Err(Error::Internal(error)) => {
            tracing::error!(error = format!("{error:#}"), "the log of an app cannot be read");
            let text = format!("Error accessing logs for {}", allowed.app.name);
            (StatusCode::INTERNAL_SERVER_ERROR, [TEXT], text).into_response()
        }
        Err(error) => error.into_response(),
    }
}

async fn last(state: &State, app: &App, count: usize) -> Result<String, Error> {
    let (store, uuid) = (state.logs.clone(), app.uuid);
    let lines = tokio::task::spawn_blocking(move || store.last(uuid, count)).await;
    let lines = lines.context("reading a log panicked")?.context("reading a log")?;
    let limit = i64::try_from(count).context("counting lines")?;
    let events = event::last(&state.pool, app.id, limit).await?;
    Ok(render(&app.name, &lines, &events, count))
}
