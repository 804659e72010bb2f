//! The life of a container: start, stop, kill, remove, each safe to ask for twice.

use std::sync::Arc;

use bollard::{
    errors::Error as EngineError,
    models::{ContainerCreateBody, ContainerInspectResponse},
    query_parameters::{CreateContainerOptionsBuilder, KillContainerOptionsBuilder, RemoveContainerOptionsBuilder},
};

use super::{
    Shared,
    connect::{call, call_raw},
    create, errors, image, network, observe,
};
use crate::platform::{AppRef, Error, InstanceId, InstanceSpec, InstanceState};

pub(super) async fn start(shared: &Arc<Shared>, app: &AppRef, spec: &InstanceSpec) -> Result<(), Error> {
    let network = network::required(shared, app, spec.address).await?;
    let body = create::instance(&shared.config, &shared.labels, app, spec, &network);
    let id = match create(shared, app, &spec.name, body).await? {
        Some(id) => id,
        None => match unstarted(shared, app, &spec.name).await? {
            Some(id) => id,
            None => return Ok(()),
        },
    };
    call(shared.engine.client()?.start_container(&id, None)).await
}

/// SIGTERM, or what the image says it wants instead. The engine takes any such signal for "and do not restart it".
pub(super) async fn stop(shared: &Shared, app: &AppRef, id: &InstanceId) -> Result<(), Error> {
    let Some(container) = owned(shared, app, &id.0).await? else { return Ok(()) };
    let wanted = container.config.and_then(|config| config.stop_signal);
    signal(shared, app, id, wanted.as_deref().unwrap_or("SIGTERM")).await
}

pub(super) async fn kill(shared: &Shared, app: &AppRef, id: &InstanceId) -> Result<(), Error> {
    if owned(shared, app, &id.0).await?.is_none() {
        return Ok(());
    }
    signal(shared, app, id, "SIGKILL").await
}

/// Removes a container that has ended, with its log and its anonymous volumes.
pub(super) async fn remove(shared: &Shared, app: &AppRef, id: &InstanceId) -> Result<(), Error> {
    if owned(shared, app, &id.0).await?.is_none() {
        return Ok(());
    }
    let options = RemoveContainerOptionsBuilder::new().v(true).force(false).build();
    match call_raw(shared.engine.client()?.remove_container(&id.0, Some(options))).await? {
        Ok(()) => Ok(()),
        Err(error) if errors::is_not_found(&error) || is_being_removed(&error) => Ok(()),
        Err(error) => Err(errors::from_engine(error)),
    }
}

/// Creates a container and answers its id, or nothing when the name is in use.
pub(super) async fn create(
    shared: &Arc<Shared>,
    app: &AppRef,
    name: &str,
    body: ContainerCreateBody,
) -> Result<Option<String>, Error> {
    let image = body.image.clone().unwrap_or_default();
    let options = CreateContainerOptionsBuilder::new().name(name).build();
    match call_raw(shared.engine.client()?.create_container(Some(options), body)).await? {
        Ok(created) => Ok(Some(created.id)),
        Err(error) if errors::is_conflict(&error) => Ok(None),
        Err(error) if errors::is_not_found(&error) => Err(image::fetch(shared, app, &image)),
        Err(error) => Err(errors::from_engine(error)),
    }
}

/// The id of the app's container `name` if that was created and never started.
async fn unstarted(shared: &Shared, app: &AppRef, name: &str) -> Result<Option<String>, Error> {
    let container = owned(shared, app, name).await?.ok_or_else(|| {
        Error::Rejected(format!("the name {name} is in use by a container that does not belong to this app"))
    })?;
    let created = observe::state(&container) == InstanceState::Created;
    Ok(container.id.filter(|_| created))
}

/// The container, if there is one and it belongs to `app`.
pub(super) async fn owned(shared: &Shared, app: &AppRef, id: &str) -> Result<Option<ContainerInspectResponse>, Error> {
    let container = match call(shared.engine.client()?.inspect_container(id, None)).await {
        Ok(container) => container,
        Err(Error::Gone) => return Ok(None),
        Err(error) => return Err(error),
    };
    let labels = container.config.as_ref().and_then(|config| config.labels.as_ref());
    Ok(if shared.labels.belongs(labels, app) { Some(container) } else { None })
}

async fn signal(shared: &Shared, app: &AppRef, id: &InstanceId, signal: &str) -> Result<(), Error> {
    let options = KillContainerOptionsBuilder::new().signal(signal).build();
    let sent = call_raw(shared.engine.client()?.kill_container(&id.0, Some(options))).await?;
    // The engine says nothing when it gives up on a container that waited for its restart.
    let _ = shared.changes.send(app.uuid);
    match sent {
        Ok(()) => Ok(()),
        // It has ended already.
        Err(error) if errors::is_not_found(&error) || errors::is_conflict(&error) => Ok(()),
        Err(error) => Err(errors::from_engine(error)),
    }
}

fn is_being_removed(error: &EngineError) -> bool {
    errors::message(error).is_some_and(|message| message.contains("already in progress"))
}
