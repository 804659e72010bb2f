//! What exists of an app: a list by labels, then the details of each container.

use std::{collections::HashMap, net::IpAddr, pin::pin, time::Duration};

use bollard::{
    models::{ContainerInspectResponse, ContainerState, ContainerStateStatusEnum, ContainerSummary, Network},
    query_parameters::{ListContainersOptionsBuilder, ListNetworksOptionsBuilder, StatsOptionsBuilder},
};
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::{StreamExt, TryStreamExt, stream};
use uuid::Uuid;

use super::{
    Shared,
    connect::call,
    labels::{self, Kind, OfInstance},
    network,
};
use crate::platform::{
    AppRef, Error, Exit, Instance, InstanceId, InstanceState, Mark, Observed, ObservedNetwork, ObservedRun,
    health::{self, Checks, Life},
};

/// How many containers are looked at at once.
const AT_ONCE: usize = 8;

/// How long a run that was created counts as about to start. After that whoever created it is dead.
const ABOUT_TO_START: TimeDelta = TimeDelta::minutes(1);

/// What the engine lists of an app.
#[derive(Default)]
pub(super) struct Listed {
    networks: Vec<ObservedNetwork>,
    /// Ids.
    containers: Vec<String>,
}

pub(super) async fn app(shared: &Shared, app: &AppRef, listed: &Listed) -> Result<Observed, Error> {
    let containers = inspect(shared, &listed.containers).await?;
    let mut observed = Observed { networks: listed.networks.clone(), ..Observed::default() };
    let mut lives = Vec::new();
    for container in &containers {
        let Some(labels) = container.config.as_ref().and_then(|config| config.labels.as_ref()) else { continue };
        match labels::kind(labels) {
            Some(Kind::Instance(labels)) => {
                let Some(instance) = instance(shared, container, &labels) else { continue };
                lives.extend(life(app, container, labels.checks, &instance));
                observed.instances.push(instance);
            }
            Some(Kind::Run) => observed.runs.extend(run(container)),
            None => tracing::warn!(container = container.id, "labels of a container cannot be read"),
        }
    }
    health::add(&mut observed.instances, &shared.prober.watch_only(app.uuid, lives));
    Ok(observed)
}

/// Those of the app's instances that have these names. No list is asked for, which takes an engine the longer the more it has.
pub(super) async fn named(shared: &Shared, app: &AppRef, names: &[String]) -> Result<Vec<Instance>, Error> {
    let containers = inspect(shared, names).await?;
    let found = containers.iter().filter_map(|container| {
        let labels = container.config.as_ref()?.labels.as_ref()?;
        // Somebody else's container may bear the name.
        (labels::app(labels) == Some(app.uuid)).then_some(())?;
        match labels::kind(labels) {
            Some(Kind::Instance(labels)) => instance(shared, container, &labels),
            Some(Kind::Run) | None => None,
        }
    });
    let mut instances: Vec<_> = found.collect();
    health::add(&mut instances, &shared.prober.known(app.uuid));
    Ok(instances)
}

/// What a container has used of all processors, by one reading of its counters: the engine would wait a second for a rate.
pub(super) async fn cpu_time(shared: &Shared, id: &InstanceId) -> Result<Duration, Error> {
    let once = StatsOptionsBuilder::new().stream(false).one_shot(true).build();
    let mut stats = pin!(shared.engine.client()?.stats(&id.0, Some(once)));
    let stats = call(stats.try_next()).await?.ok_or(Error::Gone)?;
    let used = stats.cpu_stats.and_then(|stats| stats.cpu_usage?.total_usage);
    Ok(Duration::from_nanos(used.unwrap_or_default()))
}

/// Lists what there is of one app.
pub(super) async fn list(shared: &Shared, app: &AppRef) -> Result<Listed, Error> {
    let (containers, networks) = lists(shared, &shared.labels.filter(app)).await?;
    Ok(Listed {
        networks: networks.into_iter().filter_map(network::observed).collect(),
        containers: containers.into_iter().filter_map(|container| container.id).collect(),
    })
}

/// Lists what there is of every app.
pub(super) async fn list_all(shared: &Shared) -> Result<HashMap<Uuid, Listed>, Error> {
    let (containers, networks) = lists(shared, &shared.labels.filter_all()).await?;
    let mut apps: HashMap<_, Listed> = HashMap::new();
    for container in containers {
        let Some(app) = container.labels.as_ref().and_then(labels::app) else { continue };
        apps.entry(app).or_default().containers.extend(container.id);
    }
    for network in networks {
        let Some(app) = network.labels.as_ref().and_then(labels::app) else { continue };
        apps.entry(app).or_default().networks.extend(network::observed(network));
    }
    Ok(apps)
}

/// How every app looks.
pub(super) async fn survey(shared: &Shared) -> Result<HashMap<Uuid, Mark>, Error> {
    let (containers, networks) = lists(shared, &shared.labels.filter_all()).await?;
    let mut marks: HashMap<_, Mark> = HashMap::new();
    for container in containers {
        let Some(app) = container.labels.as_ref().and_then(labels::app) else { continue };
        marks.entry(app).or_default().add((container.id, container.state.map(|state| state.to_string())));
    }
    for network in networks {
        let Some(app) = network.labels.as_ref().and_then(labels::app) else { continue };
        marks.entry(app).or_default().add(network.id);
    }
    Ok(marks)
}

async fn lists(
    shared: &Shared,
    filter: &HashMap<String, Vec<String>>,
) -> Result<(Vec<ContainerSummary>, Vec<Network>), Error> {
    let client = shared.engine.client()?;
    let containers = ListContainersOptionsBuilder::new().all(true).filters(filter).build();
    let networks = ListNetworksOptionsBuilder::new().filters(filter).build();
    tokio::try_join!(call(client.list_containers(Some(containers))), call(client.list_networks(Some(networks))))
}

/// What a container does.
pub(super) fn state(container: &ContainerInspectResponse) -> InstanceState {
    use ContainerStateStatusEnum as Status;
    match container.state.as_ref().and_then(|state| state.status) {
        Some(Status::CREATED) => InstanceState::Created,
        Some(Status::RUNNING | Status::PAUSED) => InstanceState::Running,
        Some(Status::RESTARTING) => InstanceState::Restarting,
        Some(Status::EXITED | Status::DEAD | Status::REMOVING | Status::STOPPING | Status::EMPTY) | None => {
            InstanceState::Ended
        }
    }
}

/// By id or name.
async fn inspect(shared: &Shared, ids: &[String]) -> Result<Vec<ContainerInspectResponse>, Error> {
    let client = shared.engine.client()?;
    stream::iter(ids.iter().cloned())
        .map(|id| async move {
            match call(client.inspect_container(&id, None)).await {
                // Removed since it was listed.
                Err(Error::Gone) => Ok(None),
                other => other.map(Some),
            }
        })
        .buffer_unordered(AT_ONCE)
        .try_filter_map(|container| async { Ok(container) })
        .try_collect()
        .await
}

fn instance(shared: &Shared, container: &ContainerInspectResponse, labels: &OfInstance) -> Option<Instance> {
    let id = InstanceId(container.id.clone()?);
    let state = state(container);
    let details = container.state.as_ref();
    let last_exit = match state {
        InstanceState::Created => None,
        // The engine forgets how a life ended when the next one begins.
        InstanceState::Running => shared.exits.last(&id),
        InstanceState::Restarting | InstanceState::Ended => details.and_then(exit),
    };
    Some(Instance {
        name: name(container)?,
        id,
        process_type: labels.process_type.clone(),
        release: labels.release,
        state,
        readiness: health::of_state(state),
        liveness_failure: None,
        restarts: container.restart_count.and_then(|count| u32::try_from(count).ok()).unwrap_or_default(),
        started_at: details.and_then(|state| time(state.started_at.as_deref())),
        last_exit,
    })
}

/// What is to be probed: nothing unless it runs.
fn life(app: &AppRef, container: &ContainerInspectResponse, checks: Checks, instance: &Instance) -> Option<Life> {
    (instance.state == InstanceState::Running).then_some(())?;
    Some(Life {
        app: app.uuid,
        id: instance.id.clone(),
        address: address(container),
        started_at: instance.started_at?,
        checks,
    })
}

fn run(container: &ContainerInspectResponse) -> Option<ObservedRun> {
    let about_to_start =
        || container.created.as_deref().and_then(parse).is_some_and(|at| Utc::now() - at < ABOUT_TO_START);
    let running = match state(container) {
        InstanceState::Created => about_to_start(),
        InstanceState::Running | InstanceState::Restarting => true,
        InstanceState::Ended => false,
    };
    let code = container.state.as_ref().filter(|_| !running).and_then(|state| state.exit_code);
    Some(ObservedRun { id: InstanceId(container.id.clone()?), name: name(container)?, running, code })
}

fn exit(state: &ContainerState) -> Option<Exit> {
    Some(Exit {
        code: state.exit_code?,
        out_of_memory: state.oom_killed.unwrap_or_default(),
        at: time(state.finished_at.as_deref())?,
    })
}

fn name(container: &ContainerInspectResponse) -> Option<String> {
    Some(container.name.as_ref()?.trim_start_matches('/').to_owned())
}

fn address(container: &ContainerInspectResponse) -> Option<IpAddr> {
    let networks = container.network_settings.as_ref()?.networks.as_ref()?;
    networks.values().find_map(|endpoint| endpoint.ip_address.as_ref()?.parse().ok())
}

/// A time of the engine; it writes the year 1 for "never".
fn time(text: Option<&str>) -> Option<DateTime<Utc>> {
    parse(text?).filter(|time| *time > DateTime::UNIX_EPOCH)
}

fn parse(text: &str) -> Option<DateTime<Utc>> {
    Some(DateTime::parse_from_rfc3339(text).ok()?.to_utc())
}
