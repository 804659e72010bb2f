//! Runs at controllers that know no sessions: output alone, as it comes or at the end.

use anyhow::{Context as _, Result};
use api::{
    client::runs::{self, RunStream, Running},
    types::{RunEvent, RunResult},
};
use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{context::AppSession, exit::Exit, report::Failure, ui::Ui};

/// Runs it and passes on what it writes.
pub(super) async fn run(session: &AppSession, command: &str, ui: &Ui) -> Result<Exit> {
    match runs::start(&session.client, &session.app, command).await? {
        Running::Streamed(stream) => follow(stream, ui).await,
        Running::Whole(result) => print(&result, ui),
    }
}

async fn follow(mut stream: RunStream, ui: &Ui) -> Result<Exit> {
    loop {
        match stream.next().await? {
            RunEvent::Stdout { data } => ui.stdout(&decode(&data)?)?,
            RunEvent::Stderr { data } => ui.stderr(&decode(&data)?)?,
            RunEvent::Started { .. } | RunEvent::Heartbeat => {}
            RunEvent::Exited { code } => return Ok(Exit::of_command(code)),
            RunEvent::Failed { detail } => return Err(Failure::new(detail).into()),
        }
    }
}

fn decode(data: &str) -> Result<Vec<u8>> {
    STANDARD.decode(data).context("the controller sent output that is not base64")
}

fn print(result: &RunResult, ui: &Ui) -> Result<Exit> {
    if result.exit_code == 0 {
        ui.stdout(result.output.as_bytes())?;
    } else {
        ui.stderr(result.output.as_bytes())?;
    }
    Ok(Exit::of_command(result.exit_code))
}
