//! `POST /v2/apps/{id}/run`: a command in a container of its own.
//!
//! Deis's clients wait for one answer with everything; who accepts NDJSON gets it as it comes, with heartbeats, so that a
//! silent command keeps its connection. Hanging up ends the command. `GET`, upgraded to a websocket, is a session with input, a
//! terminal and signals.

mod stream;

use api::types::{Run, RunEvent, RunResult};
use axum::{
    Json,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use futures_util::StreamExt;

use super::{
    body::Body,
    extract::{Allowed, Use},
    idempotency::Ticket,
    reachable::Reachable,
    route::{Routes, post},
    session::{self, Place, Upgrade},
};
use crate::{
    db::audit,
    error::Error,
    platform::RunOutput,
    runs::{self, Running},
    state::State,
};

const NDJSON: &str = "application/x-ndjson";
/// Bytes of output that an answer in one piece holds; what is more is cut off.
const MAX_OUTPUT: usize = 16 << 20;

pub(super) fn router() -> Routes {
    Routes::new().slashed(
        "/v2/apps/{id}/run",
        post("Run a command in a container of its own", run)
            .with(|operation| {
                operation.answers_json::<RunResult>(200);
                operation.answers_lines::<RunEvent>(200);
            })
            .may_refuse([409])
            .get("Run a command with input, a terminal and signals", attach),
    )
}

async fn run(
    state: State,
    allowed: Allowed<Use>,
    _: Reachable,
    ticket: Ticket,
    headers: HeaderMap,
    Body(body): Body<Run>,
) -> Result<Response, Error> {
    if body.command.trim().is_empty() {
        return Err(Error::BadRequest("command is a required field".to_owned()));
    }
    session::check(&body.command)?;
    let again = "This run was started before. A run is never repeated for the same Idempotency-Key.";
    ticket.spend(&state, &Error::Conflict(again.to_owned())).await?;
    let running = runs::start(&state, &allowed.app, &allowed.actor(), &body.command).await?;
    audit::insert(&state.pool, allowed.did("apps:run", &running.name)).await?;
    if accepts_stream(&headers) {
        return Ok(([(header::CONTENT_TYPE, NDJSON)], stream::body(running)).into_response());
    }
    collect(running).await.map(|result| Json(result).into_response())
}

async fn attach(state: State, allowed: Allowed<Use>, _: Reachable, upgrade: Upgrade) -> Response {
    session::open(state, allowed, upgrade, Place::Run).unwrap_or_else(IntoResponse::into_response)
}

fn accepts_stream(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).is_some_and(|accept| accept.contains(NDJSON))
}

/// Everything the command wrote, and how it ended.
async fn collect(mut running: Running) -> Result<RunResult, Error> {
    let mut output = Vec::new();
    while let Some(event) = running.output.next().await {
        match event? {
            RunOutput::Stdout(bytes) | RunOutput::Stderr(bytes) => {
                let room = MAX_OUTPUT.saturating_sub(output.len()).min(bytes.len());
                output.extend_from_slice(&bytes[..room]);
            }
            RunOutput::Exited(exit_code) => {
                return Ok(RunResult { exit_code, output: String::from_utf8_lossy(&output).into_owned() });
            }
        }
    }
    Err(anyhow::anyhow!("a run ended without an exit code").into())
}
