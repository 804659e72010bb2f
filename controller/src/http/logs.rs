//! `GET /v2/apps/{id}/logs`: what the app wrote and what happened to it, as text.

use anyhow::Context;
use axum::{
    Router,
    http::{StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::get,
};

use super::{
    Slashed,
    extract::{Allowed, Use},
    page::number,
};
use crate::{
    db::{app::App, event},
    error::Error,
    logs::{DEFAULT_LINES, MAX_LINES, render},
    state::State,
};

const TEXT: (header::HeaderName, &str) = (header::CONTENT_TYPE, "text/plain; charset=utf-8");

pub(super) fn router() -> Router<State> {
    Router::new().slashed("/v2/apps/{id}/logs", get(show))
}

async fn show(state: State, allowed: Allowed<Use>, uri: Uri) -> Response {
    let wanted = number(uri.query().unwrap_or_default(), "log_lines").filter(|wanted| *wanted > 0);
    let count = wanted.map_or(DEFAULT_LINES, |wanted| usize::try_from(wanted).unwrap_or(MAX_LINES).min(MAX_LINES));
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
