//! Listens to the engine: whose containers changed, and how lives ended that the engine forgets.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bollard::{
    models::EventMessage,
    query_parameters::{EventsOptions, EventsOptionsBuilder, ListContainersOptionsBuilder},
};
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::StreamExt;
use tokio::time::sleep;

use super::{Shared, connect::call, labels};
use crate::platform::{Error, Exit, InstanceId};

/// Between two tries to reach the engine: from the first to the second.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// How far back the first look goes. The engine keeps its last 256 events.
const LOOK_BACK: TimeDelta = TimeDelta::hours(1);

/// Events that change what is observed. Probes that execute commands make many others.
const ACTIONS: [&str; 4] = ["die", "destroy", "oom", "start"];

/// How the last life of each container ended.
#[derive(Default)]
pub(super) struct Exits {
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    exits: HashMap<InstanceId, Exit>,
    out_of_memory: HashSet<InstanceId>,
}

impl Exits {
    pub(super) fn last(&self, id: &InstanceId) -> Option<Exit> {
        self.known().exits.get(id).cloned()
    }

    fn out_of_memory(&self, id: InstanceId) {
        self.known().out_of_memory.insert(id);
    }

    fn ended(&self, id: InstanceId, code: i64, at: DateTime<Utc>) {
        let mut known = self.known();
        let out_of_memory = known.out_of_memory.remove(&id);
        known.exits.insert(id, Exit { code, out_of_memory, at });
    }

    fn forget(&self, id: &InstanceId) {
        let mut known = self.known();
        known.exits.remove(id);
        known.out_of_memory.remove(id);
    }

    /// Forgets all but `ids`: what was removed while nobody listened.
    fn keep_only(&self, ids: &HashSet<&str>) {
        let mut known = self.known();
        known.exits.retain(|id, _| ids.contains(id.0.as_str()));
        known.out_of_memory.retain(|id| ids.contains(id.0.as_str()));
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Follows the engine's events for as long as the platform lives.
pub(super) async fn follow(shared: Arc<Shared>) {
    let mut since = Utc::now() - LOOK_BACK;
    let mut pause = BACK_OFF.0;
    loop {
        let from = since;
        if let Err(error) = connected(&shared, &mut since).await {
            tracing::warn!(error = ?anyhow::Error::from(error), "lost the Docker engine's events");
        }
        pause = if since > from { BACK_OFF.0 } else { (pause * 2).min(BACK_OFF.1) };
        sleep(pause).await;
    }
}

/// Follows one connection, from `since` on, which moves along. What happened while nobody listened is made up for by
/// telling every app's listener to look again.
async fn connected(shared: &Shared, since: &mut DateTime<Utc>) -> Result<(), Error> {
    let mut events = shared.engine.client()?.events(Some(options(shared, *since)));
    tell_all(shared).await?;
    while let Some(event) = events.next().await {
        let event = event.map_err(super::errors::from_engine)?;
        *since = time(&event).unwrap_or(*since).max(*since);
        take(shared, event);
    }
    Ok(())
}

fn options(shared: &Shared, since: DateTime<Utc>) -> EventsOptions {
    let mut filters = shared.labels.filter_all();
    filters.insert("type".to_owned(), vec!["container".to_owned()]);
    filters.insert("event".to_owned(), ACTIONS.map(str::to_owned).into());
    let since = format!("{}.{:09}", since.timestamp(), since.timestamp_subsec_nanos());
    EventsOptionsBuilder::new().since(&since).filters(&filters).build()
}

async fn tell_all(shared: &Shared) -> Result<(), Error> {
    let filter = shared.labels.filter_all();
    let options = ListContainersOptionsBuilder::new().all(true).filters(&filter).build();
    let containers = call(shared.engine.client()?.list_containers(Some(options))).await?;
    shared.exits.keep_only(&containers.iter().filter_map(|one| one.id.as_deref()).collect());
    let apps: HashSet<_> = containers.iter().filter_map(|one| labels::app(one.labels.as_ref()?)).collect();
    for app in apps {
        // Nobody listening is fine: whoever comes later looks at everything first.
        let _ = shared.changes.send(app);
    }
    Ok(())
}

fn take(shared: &Shared, event: EventMessage) -> Option<()> {
    let at = time(&event)?;
    let actor = event.actor?;
    let (id, attributes) = (InstanceId(actor.id?), actor.attributes?);
    match event.action?.as_str() {
        "oom" => shared.exits.out_of_memory(id),
        "die" => {
            let code = attributes.get("exitCode").and_then(|code| code.parse().ok()).unwrap_or_default();
            shared.prober.ended(&id, at);
            shared.exits.ended(id, code, at);
        }
        "destroy" => shared.exits.forget(&id),
        _ => {}
    }
    let _ = shared.changes.send(labels::app(&attributes)?);
    Some(())
}

fn time(event: &EventMessage) -> Option<DateTime<Utc>> {
    event.time_nano.map(DateTime::from_timestamp_nanos)
}
