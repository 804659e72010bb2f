//! One-off runs: attached to before they start, so that no byte is lost.

use std::sync::Arc;

use api::types::{SessionSignal, Size};
use async_trait::async_trait;
use bollard::{
    container::{AttachContainerResults, LogOutput},
    errors::Error as EngineError,
    models::ContainerCreateBody,
    query_parameters::{
        AttachContainerOptionsBuilder, KillContainerOptionsBuilder, RemoveContainerOptionsBuilder,
        ResizeContainerTTYOptionsBuilder,
    },
};
use futures_util::{Stream, StreamExt, TryStreamExt, stream};

use super::{
    Shared,
    connect::{call, call_raw},
    create, errors,
    hijack::{self, Streams},
    instance, network,
};
use crate::platform::{AppRef, Attached, Control, Error, RunOutput, RunSpec, RunStream};

/// A run whose output alone is wanted.
pub(super) async fn start(shared: &Arc<Shared>, app: &AppRef, spec: &RunSpec) -> Result<RunStream, Error> {
    let network = network::required(shared, app, spec.address).await?;
    let body = create::run(&shared.config, &shared.labels, app, spec, &network);
    let id = created(shared, app, spec, body).await?;
    let AttachContainerResults { output, input } = or_removed(shared, &id, attach_and_start(shared, &id)).await?;
    let output = output.map_err(errors::from_engine).try_filter_map(async |chunk| Ok(step(chunk)));
    // Kept until the end: closing this half early would end the connection.
    let output = output.chain(stream::once(async move { drop(input) }).filter_map(async |()| None));
    Ok(until_exit(shared.clone(), id, output))
}

/// A run that somebody is attached to.
pub(super) async fn attach(
    shared: &Arc<Shared>,
    app: &AppRef,
    spec: &RunSpec,
    terminal: Option<Size>,
) -> Result<Attached, Error> {
    let network = network::required(shared, app, spec.address).await?;
    let body = create::attached(&shared.config, &shared.labels, app, spec, (&network, terminal));
    let id = created(shared, app, spec, body).await?;
    let streams = or_removed(shared, &id, hijack_and_start(shared, &id)).await?;
    let mut control = Run { shared: shared.clone(), id: id.clone() };
    if let Some(size) = terminal {
        // Older engines make every terminal without a size. Whoever has ended already needs none.
        let _ = control.resize(size).await;
    }
    let (output, input) = streams.part(terminal.is_some());
    let output = until_exit(shared.clone(), id, output);
    Ok(Attached { output, input: Box::new(input), control: Box::new(control) })
}

/// A run that nobody attends to.
pub(super) async fn start_detached(shared: &Arc<Shared>, app: &AppRef, spec: &RunSpec) -> Result<(), Error> {
    let network = network::required(shared, app, spec.address).await?;
    let body = create::run(&shared.config, &shared.labels, app, spec, &network);
    let id = created(shared, app, spec, body).await?;
    or_removed(shared, &id, async { call(shared.engine.client()?.start_container(&id, None)).await }).await
}

async fn created(
    shared: &Arc<Shared>,
    app: &AppRef,
    spec: &RunSpec,
    body: ContainerCreateBody,
) -> Result<String, Error> {
    let id = instance::create(shared, app, &spec.name, body).await?;
    id.ok_or_else(|| Error::Rejected(format!("the name {} is in use", spec.name)))
}

/// Starts a container; one that cannot be started is removed.
async fn or_removed<T>(shared: &Shared, id: &str, start: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let started = start.await;
    if started.is_err() {
        // It never ran and nobody else knows it; should this fail, it is observed as a run that has ended.
        let options = RemoveContainerOptionsBuilder::new().v(true).build();
        let _ = call(shared.engine.client()?.remove_container(id, Some(options))).await;
    }
    started
}

async fn attach_and_start(shared: &Shared, id: &str) -> Result<AttachContainerResults, Error> {
    let client = shared.engine.client()?;
    let options = AttachContainerOptionsBuilder::new().stdout(true).stderr(true).stream(true).build();
    let attached = call(client.attach_container(id, Some(options))).await?;
    call(client.start_container(id, None)).await?;
    Ok(attached)
}

async fn hijack_and_start(shared: &Shared, id: &str) -> Result<Streams, Error> {
    let keys = hijack::DETACH_KEYS.replace('^', "%5E");
    let path = format!("/containers/{id}/attach?stream=1&stdin=1&stdout=1&stderr=1&detachKeys={keys}");
    let streams = hijack::open(&shared.engine, &path, Vec::new()).await?;
    call(shared.engine.client()?.start_container(id, None)).await?;
    Ok(streams)
}

/// The ways to a run beside its streams.
struct Run {
    shared: Arc<Shared>,
    id: String,
}

#[async_trait]
impl Control for Run {
    async fn resize(&mut self, size: Size) -> Result<(), Error> {
        let options = ResizeContainerTTYOptionsBuilder::new().h(size.rows.into()).w(size.columns.into()).build();
        call(self.shared.engine.client()?.resize_container_tty(&self.id, options)).await
    }

    async fn signal(&mut self, signal: SessionSignal) -> Result<(), Error> {
        let options = KillContainerOptionsBuilder::new().signal(&format!("SIG{}", signal.name())).build();
        match call_raw(self.shared.engine.client()?.kill_container(&self.id, Some(options))).await? {
            // It has ended already.
            Err(error) if errors::is_not_found(&error) || errors::is_conflict(&error) => Ok(()),
            sent => sent.map_err(errors::from_engine),
        }
    }
}

/// The output, and then how it ended. The engine closes the output when the process is gone.
fn until_exit(
    shared: Arc<Shared>,
    id: String,
    output: impl Stream<Item = Result<RunOutput, Error>> + Send + 'static,
) -> RunStream {
    let exit = stream::once(async move { exit_code(&shared, &id).await.map(RunOutput::Exited) });
    output.chain(exit).boxed()
}

async fn exit_code(shared: &Shared, id: &str) -> Result<i64, Error> {
    let mut waiting = shared.engine.client()?.wait_container(id, None);
    match waiting.next().await {
        Some(Ok(ended)) => Ok(ended.status_code),
        Some(Err(EngineError::DockerContainerWaitError { code, .. })) => Ok(code),
        Some(Err(error)) => Err(errors::from_engine(error)),
        None => Err(Error::Unavailable(anyhow::anyhow!("the Docker engine went away during the run"))),
    }
}

fn step(chunk: LogOutput) -> Option<RunOutput> {
    match chunk {
        LogOutput::StdOut { message } | LogOutput::Console { message } => Some(RunOutput::Stdout(message)),
        LogOutput::StdErr { message } => Some(RunOutput::Stderr(message)),
        LogOutput::StdIn { .. } => None,
    }
}
