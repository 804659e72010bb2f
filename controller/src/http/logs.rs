//! `GET /v2/apps/{id}/logs`: what the app wrote and what happened to it, up to now or on as it happens.
//!
//! Deis's `?log_lines=` is answered with text, as it was. Ours beyond that: `?follow=true`, `?type=`, `?instance=`, `?since=` (RFC
//! 3339), and `application/x-ndjson` for programs, where each line is a [`LogBatch`] whose cursor can be
//! given back as `?after=`.

mod follow;

use anyhow::Context;
use api::{
    names::ProcessType,
    types::{LogBatch, LogLine},
};
use axum::{
    body::Body,
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use chrono::DateTime;
use serde_json::json;

use self::follow::{Cursor, Follower};
use super::{
    extract::{Allowed, Use},
    page::{flag, number, text},
    route::{Operation, Routes, get},
    still::while_allowed,
};
use crate::{
    db::{app::App, event},
    error::Error,
    logs::{DEFAULT_LINES, MAX_LINES, Selection, merge, render},
    state::State,
};

const NDJSON: &str = "application/x-ndjson";

/// How lines are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Text,
    Batches,
}

pub(super) fn router() -> Routes {
    let reads = |operation: &mut Operation| {
        operation.reads("log_lines", &json!({"type": "integer", "minimum": 1}), "At most that many of the last lines.");
        operation.reads("follow", &json!({"type": "boolean"}), "Go on with what comes.");
        operation.reads("type", &json!({"type": "string"}), "Only of instances of this process type.");
        operation.reads("instance", &json!({"type": "string"}), "Only of this instance.");
        operation.reads("since", &json!({"type": "string", "format": "date-time"}), "Only what was written since.");
        operation.reads("after", &json!({"type": "string"}), "Go on behind the `cursor` of a `LogBatch`.");
        operation.refuses(400);
        operation.answers_text(200);
        operation.answers_lines::<LogBatch>(200);
        operation.answers_nothing(204);
    };
    Routes::new().slashed("/v2/apps/{id}/logs", get("What the app wrote, and what happened to it", show).with(reads))
}

async fn show(state: State, allowed: Allowed<Use>, headers: HeaderMap, uri: Uri) -> Response {
    let name = allowed.app.name.clone();
    match answer(state, allowed, Form::of(&headers), &uri).await {
        Ok(response) => response,
        Err(Error::Internal(error)) => {
            tracing::error!(error = format!("{error:#}"), "the log of an app cannot be read");
            let text = format!("Error accessing logs for {name}");
            (StatusCode::INTERNAL_SERVER_ERROR, [Form::Text.content_type()], text).into_response()
        }
        Err(error) => error.into_response(),
    }
}

async fn answer(state: State, allowed: Allowed<Use>, form: Form, uri: &Uri) -> Result<Response, Error> {
    let query = uri.query().unwrap_or_default();
    let wanted = number(query, "log_lines").filter(|wanted| *wanted > 0);
    let count = wanted.map_or(DEFAULT_LINES, |wanted| usize::try_from(wanted).unwrap_or(MAX_LINES).min(MAX_LINES));
    let selection = selection(query)?;
    let (lines, cursor) = match text(query, "after") {
        Some(after) => (Vec::new(), after.parse().map_err(|_| bad("after", "It is no cursor of ours."))?),
        None => last(&state, &allowed.app, count, &selection).await?,
    };
    if flag(uri, "follow") {
        let app = allowed.app.clone();
        let follower = Follower::new(state.clone(), app, selection, form, (lines, cursor));
        let stream = while_allowed(state, &allowed, follower.stream(), None);
        return Ok(([form.content_type()], Body::from_stream(stream)).into_response());
    }
    let body = match form {
        Form::Text if lines.is_empty() => return Ok(StatusCode::NO_CONTENT.into_response()),
        form => form.write(lines, cursor)?,
    };
    Ok(([form.content_type()], body).into_response())
}

/// The last `count` lines, and the place behind them.
async fn last(state: &State, app: &App, count: usize, selection: &Selection) -> Result<(Vec<LogLine>, Cursor), Error> {
    let (store, uuid, wanted) = (state.logs.clone(), app.uuid, selection.clone());
    let stored = tokio::task::spawn_blocking(move || store.tail(uuid, count, &wanted)).await;
    let (lines, place) = stored.context("reading a log panicked")?.context("reading a log")?;
    let limit = i64::try_from(count).context("counting lines")?;
    let mut events = event::last(&state.pool, app.id, limit).await?;
    let cursor = Cursor { place, event: events.last().map_or(0, |event| event.id) };
    events.retain(|event| selection.takes_events() && selection.takes_from(event.at));
    let mut merged = merge(&app.name, &lines, &events);
    merged.drain(..merged.len().saturating_sub(count));
    Ok((merged, cursor))
}

fn selection(query: &str) -> Result<Selection, Error> {
    let process_type = text(query, "type").map(|name| ProcessType::parse(&name)).transpose();
    let since = text(query, "since").map(|since| DateTime::parse_from_rfc3339(&since)).transpose();
    let since = since.map_err(|_| bad("since", "It is no time in the form of RFC 3339: 2024-05-01T10:00:00Z."))?;
    Ok(Selection {
        process_type: process_type.map_err(|invalid| bad("type", &invalid.to_string()))?,
        instance: text(query, "instance"),
        since: since.map(|since| since.to_utc()),
    })
}

fn bad(field: &str, why: &str) -> Error {
    Error::field(field, why)
}

impl Form {
    fn of(headers: &HeaderMap) -> Self {
        let accepts = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let asks = accepts.flat_map(|value| value.split(',')).any(|kind| kind.trim().starts_with(NDJSON));
        if asks { Self::Batches } else { Self::Text }
    }

    fn content_type(self) -> (header::HeaderName, &'static str) {
        let kind = match self {
            Self::Text => "text/plain; charset=utf-8",
            Self::Batches => NDJSON,
        };
        (header::CONTENT_TYPE, kind)
    }

    fn write(self, lines: Vec<LogLine>, cursor: Cursor) -> Result<String, Error> {
        match self {
            Self::Text => Ok(render(&lines, lines.len())),
            Self::Batches => {
                let batch = LogBatch { lines, cursor: cursor.to_string() };
                let text = serde_json::to_string(&batch).context("writing lines")?;
                Ok(text + "\n")
            }
        }
    }
}
