//! A run as it happens: one JSON object a line.

use std::time::Duration;

use api::types::RunEvent;
use axum::body::Body;
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use futures_util::{StreamExt, stream};

use crate::{error::Error, platform::RunOutput, runs::Running};

/// Longest time without a line.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// Where a stream stands.
enum Stage {
    /// The first line is to be written.
    Begun,
    /// The command runs.
    Running,
    /// The last line was written.
    Over,
}

/// The body of the answer. Dropping it ends the run.
pub(super) fn body(running: Running) -> Body {
    let lines = stream::unfold((running, Stage::Begun), |(mut running, stage)| async move {
        let event = match stage {
            Stage::Begun => RunEvent::Started { name: running.name.clone() },
            Stage::Running => next(&mut running).await,
            Stage::Over => return None,
        };
        let over = matches!(event, RunEvent::Exited { .. } | RunEvent::Failed { .. });
        let stage = if over { Stage::Over } else { Stage::Running };
        Some((line(&event), (running, stage)))
    });
    Body::from_stream(lines)
}

async fn next(running: &mut Running) -> RunEvent {
    match tokio::time::timeout(HEARTBEAT, running.output.next()).await {
        Err(_) => RunEvent::Heartbeat,
        Ok(Some(Ok(RunOutput::Stdout(bytes)))) => RunEvent::Stdout { data: STANDARD.encode(bytes) },
        Ok(Some(Ok(RunOutput::Stderr(bytes)))) => RunEvent::Stderr { data: STANDARD.encode(bytes) },
        Ok(Some(Ok(RunOutput::Exited(code)))) => RunEvent::Exited { code },
        Ok(Some(Err(error))) => failed(&error),
        Ok(None) => RunEvent::Failed { detail: "The run ended without an exit code.".to_owned() },
    }
}

fn failed(error: &Error) -> RunEvent {
    tracing::warn!(%error, "a run was cut off");
    RunEvent::Failed { detail: error.to_string() }
}

fn line(event: &RunEvent) -> serde_json::Result<Bytes> {
    let mut line = serde_json::to_vec(event)?;
    line.push(b'\n');
    Ok(line.into())
}
