//! The process in an instance that ends a session whose client or controller has gone (see `guard.sh`).

use anyhow::anyhow;
use bollard::exec::CreateExecOptions;
use bytes::Bytes;
use futures_util::{StreamExt, stream::BoxStream};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncWriteExt, WriteHalf},
    time::timeout,
};

use super::{
    connect::{CALL, Engine, call},
    hijack,
};
use crate::platform::{Error, InstanceId, RunOutput};

const SCRIPT: &str = include_str!("guard.sh");
/// The variable by which a session's processes are known.
const MARK: &str = "SLIPWAY_SESSION";

/// Stands for as long as it is held.
pub(super) struct Guard {
    /// The shell that was found in the image.
    pub(super) shell: String,
    input: WriteHalf<TokioIo<Upgraded>>,
    /// Both halves are the connection, and it is to stay.
    _output: BoxStream<'static, Result<RunOutput, Error>>,
}

/// What a session's environment has to bear: `SLIPWAY_SESSION=<mark>`.
pub(super) fn variable(mark: &str) -> String {
    format!("{MARK}={mark}")
}

/// Has one stand in the instance, run by the first of `shells` that its image has.
pub(super) async fn stand(engine: &Engine, id: &InstanceId, shells: &[&str], mark: &str) -> Result<Guard, Error> {
    for shell in shells {
        if let Some(guard) = try_shell(engine, id, shell, mark).await? {
            return Ok(guard);
        }
    }
    let text = format!("A shell is needed to execute something, and the image has none of {}.", shells.join(", "));
    Err(Error::Rejected(text))
}

async fn try_shell(engine: &Engine, id: &InstanceId, shell: &str, mark: &str) -> Result<Option<Guard>, Error> {
    let words = [shell, "-c", SCRIPT, "slipway-guard", &variable(mark)];
    let options = CreateExecOptions {
        cmd: Some(words.map(str::to_owned).to_vec()),
        attach_stdin: Some(true),
        attach_stdout: Some(true),
        // What there is to complain about (a process that has just ended) is nobody's concern.
        attach_stderr: Some(false),
        ..CreateExecOptions::default()
    };
    let exec = call(engine.client()?.create_exec(&id.0, options)).await?.id;
    let streams = match hijack::open(engine, &format!("/exec/{exec}/start"), start(false)).await {
        Ok(streams) => streams,
        // Some engines refuse what others only tell of.
        Err(Error::Rejected(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let (mut output, input) = streams.part(false);
    let first = timeout(CALL, output.next()).await;
    match first.map_err(|_| Error::Unavailable(anyhow!("the guard of a session does not begin")))? {
        Some(Ok(RunOutput::Stdout(ready))) if ready == Bytes::from_static(b"ready\n") => {
            Ok(Some(Guard { shell: shell.to_owned(), input, _output: output }))
        }
        Some(Err(error)) => Err(error),
        _ => Ok(None),
    }
}

/// The body that starts an exec.
pub(super) fn start(terminal: bool) -> Vec<u8> {
    serde_json::json!({"Detach": false, "Tty": terminal}).to_string().into_bytes()
}

impl Guard {
    /// Sends a signal to the session.
    pub(super) async fn signal(&mut self, name: &str) -> Result<(), Error> {
        let written = timeout(CALL, self.input.write_all(format!("{name}\n").as_bytes())).await;
        let written = written.map_err(|late| Error::Unavailable(late.into()))?;
        written.map_err(|error| Error::Unavailable(error.into()))
    }
}
