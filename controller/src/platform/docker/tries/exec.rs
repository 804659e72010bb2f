//! Executes a command inside the container, through the engine.

use api::types::ExecAction;
use bollard::{
    exec::{CreateExecOptions, StartExecResults},
    models::ExecInspectResponse,
};
use futures_util::StreamExt;

use super::Engine;
use crate::platform::{Error, docker::connect::call, health::Life};

/// How much of a command's output is kept to explain its failure.
const OUTPUT: usize = 4096;

/// Succeeds when the command exits with 0, else says with what and what it wrote last.
pub(super) async fn succeeds(engine: &Engine, life: &Life, action: &ExecAction) -> Result<(), String> {
    let (code, output) = execute(engine, life, action).await.map_err(|error| words(&error))?;
    let name = action.command.first().map(String::as_str).unwrap_or_default();
    match (code, output.trim().lines().last()) {
        (0, _) => Ok(()),
        (code, None) => Err(format!("{name} exited with {code}")),
        (code, Some(last)) => Err(format!("{name} exited with {code}: {last}")),
    }
}

async fn execute(engine: &Engine, life: &Life, action: &ExecAction) -> Result<(i64, String), Error> {
    let client = engine.client()?;
    let options = CreateExecOptions {
        cmd: Some(action.command.clone()),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        ..CreateExecOptions::default()
    };
    let exec = call(client.create_exec(&life.id.0, options)).await?.id;
    let mut kept = Vec::new();
    if let StartExecResults::Attached { mut output, .. } = call(client.start_exec(&exec, None)).await? {
        while let Some(Ok(chunk)) = output.next().await {
            keep(&mut kept, chunk.as_ref());
        }
    }
    let ExecInspectResponse { exit_code, .. } = call(client.inspect_exec(&exec)).await?;
    Ok((exit_code.unwrap_or(-1), String::from_utf8_lossy(&kept).into_owned()))
}

fn keep(kept: &mut Vec<u8>, chunk: &[u8]) {
    let room = OUTPUT.saturating_sub(kept.len());
    kept.extend_from_slice(&chunk[..chunk.len().min(room)]);
}

fn words(error: &Error) -> String {
    match error {
        Error::Unavailable(cause) => format!("the command cannot be tried: {cause}"),
        other => other.to_string(),
    }
}
