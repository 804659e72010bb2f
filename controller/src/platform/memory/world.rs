//! The table of everything that exists, behind one lock.

use std::{
    collections::{BTreeSet, HashMap},
    net::{IpAddr, Ipv4Addr},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::anyhow;
use tokio::{
    runtime::Handle,
    sync::{broadcast, watch},
};
use uuid::Uuid;

use super::{
    container::{Container, Kind, Signal},
    script::Script,
};
use crate::platform::{
    AppRef, Error, Instance, InstanceId, InstanceState, Mark, NetworkSpec, Observed, ObservedNetwork, ObservedRun,
    ResolvedImage,
    health::{self, Checks, Life, Prober},
};

/// Everything that exists, of all apps.
pub(super) struct World {
    pub(super) changes: broadcast::Sender<Uuid>,
    /// Moves with every change; whoever follows output waits for it.
    pub(super) version: watch::Sender<u64>,
    /// Where instances live: they outlast the controllers that start them.
    pub(super) runtime: Handle,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    images: HashMap<String, Script>,
    /// What is kept for each app.
    kept: HashMap<Uuid, BTreeSet<String>>,
    networks: HashMap<Uuid, Vec<ObservedNetwork>>,
    containers: HashMap<InstanceId, Container>,
    /// How many objects were ever made: ids do not come again.
    made: u64,
}

impl World {
    pub(super) fn new(changes: broadcast::Sender<Uuid>) -> Self {
        Self { changes, version: watch::Sender::new(0), runtime: Handle::current(), state: Mutex::default() }
    }

    pub(super) fn image(&self, name: &str, script: Script) {
        let tag = if name.contains(['@', ':']) { "" } else { ":latest" };
        self.state().images.insert(format!("{name}{tag}"), script);
    }

    pub(super) fn script(&self, image: &str) -> Option<Script> {
        self.state().images.get(image).cloned()
    }

    /// Keeps an image for the app and says what it is.
    pub(super) fn keep(&self, app: &AppRef, name: &str) -> Result<ResolvedImage, Error> {
        let script = self.script(name).ok_or_else(|| Error::Rejected(format!("image {name} not found")))?;
        self.state().kept.entry(app.uuid).or_default().insert(name.to_owned());
        let mut ports = script.exposes;
        ports.sort_unstable();
        Ok(ResolvedImage { reference: name.to_owned(), ports })
    }

    pub(super) fn kept(&self, app: &AppRef) -> Vec<String> {
        self.state().kept.get(&app.uuid).into_iter().flatten().cloned().collect()
    }

    pub(super) fn forget(&self, app: &AppRef, reference: &str) {
        if let Some(kept) = self.state().kept.get_mut(&app.uuid) {
            kept.remove(reference);
        }
    }

    pub(super) fn ensure_network(&self, app: &AppRef, spec: &NetworkSpec) -> Result<(), Error> {
        let mut state = self.state();
        if state.networks.get(&app.uuid).into_iter().flatten().any(|found| found.subnet == spec.subnet) {
            return Ok(());
        }
        let overlaps =
            |other: &ObservedNetwork| other.subnet.contains(&spec.subnet) || spec.subnet.contains(&other.subnet);
        if state.networks.values().flatten().any(overlaps) {
            return Err(Error::SubnetTaken(spec.subnet));
        }
        let id = state.next_id();
        state.networks.entry(app.uuid).or_default().push(ObservedNetwork { id, subnet: spec.subnet });
        Ok(())
    }

    pub(super) fn remove_network(&self, app: &AppRef, id: &str) -> Result<(), Error> {
        let mut state = self.state();
        let networks = state.networks.get(&app.uuid).into_iter().flatten();
        let Some(subnet) = networks.filter(|network| network.id == id).map(|network| network.subnet).next() else {
            return Ok(());
        };
        let mut running =
            state.containers.values().filter(|one| one.app == app.uuid && one.state == InstanceState::Running);
        if running.any(|one| one.fits(subnet)) {
            return Err(Error::Rejected("the network has active endpoints".to_owned()));
        }
        if let Some(networks) = state.networks.get_mut(&app.uuid) {
            networks.retain(|network| network.id != id);
        }
        Ok(())
    }

    /// Enters a container into the table, or finds the one of the app that has its name already.
    pub(super) fn create(&self, app: &AppRef, container: Container) -> Result<InstanceId, Error> {
        let mut state = self.state();
        if !state.networks.get(&app.uuid).into_iter().flatten().any(|network| container.fits(network.subnet)) {
            return Err(Error::Unavailable(anyhow!("the app has no network yet")));
        }
        if let Some((id, found)) = state.containers.iter().find(|(_, one)| one.name == container.name) {
            let adopt = found.app == app.uuid && found.is_instance() && container.is_instance();
            return if adopt {
                Ok(id.clone())
            } else {
                Err(Error::Rejected(format!("the name {} is in use", found.name)))
            };
        }
        let id = InstanceId(state.next_id());
        state.containers.insert(id.clone(), container);
        Ok(id)
    }

    /// Sends a signal to a container of the app; it is fine when there is none.
    pub(super) fn signal(&self, app: &AppRef, id: &InstanceId, signal: Signal) {
        self.change(id, |container| {
            if container.app == app.uuid {
                container.signals.send_replace(Some(signal));
            }
        });
    }

    /// All instances of the app that run have worked for so much longer.
    pub(super) fn work(&self, app: &AppRef, time: Duration) {
        let mut state = self.state();
        let those = state.containers.values_mut().filter(|one| one.app == app.uuid && one.is_running());
        those.for_each(|container| container.worked += time);
    }

    /// What a container has used of a processor.
    pub(super) fn cpu_time(&self, id: &InstanceId) -> Result<Duration, Error> {
        let state = self.state();
        let container = state.containers.get(id).ok_or(Error::Gone)?;
        if !container.is_running() {
            return Ok(Duration::ZERO);
        }
        let works = state.images.get(&container.image).is_some_and(|script| script.works);
        Ok(container.worked + if works { container.age() } else { Duration::ZERO })
    }

    pub(super) fn remove(&self, app: &AppRef, id: &InstanceId) -> Result<(), Error> {
        let mut state = self.state();
        let Some(container) = state.containers.get(id).filter(|one| one.app == app.uuid) else { return Ok(()) };
        if matches!(container.state, InstanceState::Running | InstanceState::Restarting) {
            return Err(Error::Rejected("it has not ended".to_owned()));
        }
        state.containers.remove(id);
        drop(state);
        self.changed(app.uuid);
        Ok(())
    }

    pub(super) fn observe(&self, app: &AppRef, prober: &Prober) -> Observed {
        let state = self.state();
        let networks = state.networks.get(&app.uuid).cloned().unwrap_or_default();
        let mut observed = Observed { networks, ..Observed::default() };
        let mut lives = Vec::new();
        for (id, container) in state.containers.iter().filter(|(_, one)| one.app == app.uuid) {
            match &container.kind {
                Kind::Instance(spec) => {
                    let instance = container.instance(id, spec);
                    lives.extend(life(app, &instance, Checks::of(spec)));
                    observed.instances.push(instance);
                }
                Kind::Run => observed.runs.push(ObservedRun {
                    id: id.clone(),
                    name: container.name.clone(),
                    running: container.state == InstanceState::Running,
                    code: container.last_exit.as_ref().map(|exit| exit.code),
                }),
            }
        }
        drop(state);
        health::add(&mut observed.instances, &prober.watch_only(app.uuid, lives));
        observed
    }

    pub(super) fn survey(&self) -> HashMap<Uuid, Mark> {
        let state = self.state();
        let mut marks: HashMap<_, Mark> = HashMap::new();
        for (app, network) in state.networks.iter().flat_map(|(app, all)| all.iter().map(move |one| (app, one))) {
            marks.entry(*app).or_default().add(&network.id);
        }
        for (id, container) in &state.containers {
            marks.entry(container.app).or_default().add((id, container.state));
        }
        marks
    }

    /// What `look` finds at a container; nothing when it is gone.
    pub(super) fn look<T>(&self, id: &InstanceId, look: impl FnOnce(&Container) -> T) -> Option<T> {
        self.state().containers.get(id).map(look)
    }

    /// Changes a container and tells everybody; false when it is gone.
    pub(super) fn change(&self, id: &InstanceId, change: impl FnOnce(&mut Container)) -> bool {
        let app = self.state().containers.get_mut(id).map(|container| {
            change(container);
            container.app
        });
        app.inspect(|app| self.changed(*app)).is_some()
    }

    fn changed(&self, app: Uuid) {
        self.version.send_modify(|version| *version += 1);
        // Nobody listening is fine: observations carry the same.
        let _ = self.changes.send(app);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn next_id(&mut self) -> String {
        self.made += 1;
        format!("{:064x}", self.made)
    }
}

fn life(app: &AppRef, instance: &Instance, checks: Checks) -> Option<Life> {
    (instance.state == InstanceState::Running).then_some(())?;
    Some(Life {
        app: app.uuid,
        id: instance.id.clone(),
        address: Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        started_at: instance.started_at?,
        checks,
    })
}
