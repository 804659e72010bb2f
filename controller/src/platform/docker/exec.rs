//! Commands in instances that run, with a guard beside each.

use std::{sync::Arc, time::Duration};

use api::types::{SessionSignal, Size};
use async_trait::async_trait;
use bollard::{
    exec::{CreateExecOptions, ResizeExecOptions},
    models::ExecInspectResponse,
};
use futures_util::{StreamExt, stream};
use tokio::time::sleep;
use uuid::Uuid;

use super::{
    Shared,
    connect::call,
    guard::{self, Guard},
    hijack, instance,
};
use crate::platform::{AppRef, Attached, Control, Error, ExecSpec, InstanceId, RunOutput};

/// Between two looks at a command that has closed its output and goes on.
const LOOK: Duration = Duration::from_millis(100);

pub(super) async fn exec(
    shared: &Arc<Shared>,
    app: &AppRef,
    id: &InstanceId,
    spec: &ExecSpec,
) -> Result<Attached, Error> {
    instance::owned(shared, app, &id.0).await?.ok_or(Error::Gone)?;
    let mark = Uuid::new_v4().simple().to_string();
    // The guard first: nothing is ever without one.
    let guard = guard::stand(&shared.engine, id, spec.shells, &mark).await?;
    let terminal = spec.terminal.is_some();
    let mut env: Vec<_> = spec.env.iter().map(|(key, value)| format!("{key}={value}")).collect();
    env.push(guard::variable(&mark));
    let options = CreateExecOptions {
        cmd: Some(spec.start.words(&guard.shell)),
        env: Some(env),
        attach_stdin: Some(true),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        tty: Some(terminal),
        detach_keys: terminal.then(|| hijack::DETACH_KEYS.to_owned()),
        ..CreateExecOptions::default()
    };
    let exec = call(shared.engine.client()?.create_exec(&id.0, options)).await?.id;
    let streams = hijack::open(&shared.engine, &format!("/exec/{exec}/start"), guard::start(terminal)).await?;
    let (output, input) = streams.part(terminal);
    let mut control = Execution { shared: shared.clone(), exec: exec.clone(), guard };
    if let Some(size) = spec.terminal {
        // Whoever has ended already has no size.
        let _ = control.resize(size).await;
    }
    let shared = shared.clone();
    let exit = stream::once(async move { exit_code(&shared, &exec).await.map(RunOutput::Exited) });
    Ok(Attached { output: output.chain(exit).boxed(), input: Box::new(input), control: Box::new(control) })
}

struct Execution {
    shared: Arc<Shared>,
    exec: String,
    guard: Guard,
}

#[async_trait]
impl Control for Execution {
    async fn resize(&mut self, size: Size) -> Result<(), Error> {
        let options = ResizeExecOptions { height: size.rows, width: size.columns };
        call(self.shared.engine.client()?.resize_exec(&self.exec, options)).await
    }

    async fn signal(&mut self, signal: SessionSignal) -> Result<(), Error> {
        self.guard.signal(signal.name()).await
    }
}

async fn exit_code(shared: &Shared, exec: &str) -> Result<i64, Error> {
    loop {
        let ExecInspectResponse { running, exit_code, .. } = call(shared.engine.client()?.inspect_exec(exec)).await?;
        if running != Some(true) {
            return Ok(exit_code.unwrap_or(-1));
        }
        sleep(LOOK).await;
    }
}
