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

/// Succeeds when the command exits with 0, else says with what and what it wrote last. Nothing is known while the
/// engine does not answer: no instance may be replaced for that.
pub(super) async fn succeeds(engine: &Engine, life: &Life, action: &ExecAction) -> Option<Result<(), String>> {
    let (code, output) = match execute(engine, life, action).await {
        Ok(ended) => ended,
        Err(Error::Unavailable(_)) => return None,
        Err(error) => return Some(Err(error.to_string())),
    };
    let name = action.command.first().map(String::as_str).unwrap_or_default();
    Some(match (code, output.trim().lines().last()) {
        (0, _) => Ok(()),
        (code, None) => Err(format!("{name} exited with {code}")),
        (code, Some(last)) => Err(format!("{name} exited with {code}: {last}")),
    })
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
