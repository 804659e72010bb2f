//! One-off runs: attached to before they start, so that no byte is lost.

use std::sync::Arc;

use bollard::{
    container::{AttachContainerResults, LogOutput},
    errors::Error as EngineError,
    query_parameters::{AttachContainerOptionsBuilder, RemoveContainerOptionsBuilder},
};
use futures_util::{StreamExt, TryStreamExt, stream};

use super::{Shared, connect::call, create, errors, instance, network};
use crate::platform::{AppRef, Error, RunOutput, RunSpec, RunStream};

pub(super) async fn start(shared: &Arc<Shared>, app: &AppRef, spec: &RunSpec) -> Result<RunStream, Error> {
    let network = network::required(shared, app, spec.address).await?;
    let body = create::run(&shared.config, &shared.labels, app, spec, &network);
    let id = instance::create(shared, app, &spec.name, body)
        .await?
        .ok_or_else(|| Error::Rejected(format!("the name {} is in use", spec.name)))?;
    match attach_and_start(shared, &id).await {
        Ok(output) => Ok(until_exit(shared.clone(), id, output)),
        Err(error) => {
            // It never ran and nobody else knows it; should this fail, it is observed as a run that has ended.
            let options = RemoveContainerOptionsBuilder::new().v(true).build();
            let _ = call(shared.engine.client()?.remove_container(&id, Some(options))).await;
            Err(error)
        }
    }
}

async fn attach_and_start(shared: &Shared, id: &str) -> Result<AttachContainerResults, Error> {
    let client = shared.engine.client()?;
    let options = AttachContainerOptionsBuilder::new().stdout(true).stderr(true).stream(true).build();
    let attached = call(client.attach_container(id, Some(options))).await?;
    call(client.start_container(id, None)).await?;
    Ok(attached)
}

/// The output, and then how it ended. The engine closes the output when the process is gone.
fn until_exit(shared: Arc<Shared>, id: String, attached: AttachContainerResults) -> RunStream {
    let AttachContainerResults { output, input } = attached;
    let output = output.map_err(errors::from_engine).try_filter_map(async |chunk| Ok(step(chunk)));
    let exit = stream::once(async move {
        // Kept until here: closing this half early would end the connection.
        drop(input);
        exit_code(&shared, &id).await.map(RunOutput::Exited)
    });
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
