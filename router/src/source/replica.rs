//! The router's copy of the routes, and the rules by which the stream may change it. Pure: no I/O, no clock.

use std::{collections::BTreeMap, mem, sync::Arc};

use api::routes::{AppRoutes, RouteEvent};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What the controller has told so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub(crate) struct Replica {
    /// Whose routes these are; none until a controller has said so.
    pub installation: Option<Uuid>,
    pub epoch: i64,
    pub version: i64,
    pub apps: BTreeMap<Uuid, Arc<AppRoutes>>,
    /// A table that is being received; it replaces this one when it is complete.
    incoming: Option<Incoming>,
}

/// The form on disk.
#[derive(Serialize, Deserialize)]
struct Stored {
    installation: Option<Uuid>,
    epoch: i64,
    version: i64,
    apps: Vec<AppRoutes>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Incoming {
    epoch: i64,
    apps: BTreeMap<Uuid, Arc<AppRoutes>>,
}

/// What a line of the stream meant. In order of weight: what several lines mean together is the heaviest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Effect {
    /// The table is as it was.
    None,
    /// The table is as it was, and the controller is there: the router is to say where it stands.
    Current,
    /// The table has changed.
    Changed,
}

/// Why the router does not follow a stream. The table stays as it was.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    #[error(
        "the controller serves installation {theirs}, this router belongs to {ours}; if that is meant, stop the router, \
         remove its table file and start it again"
    )]
    Stranger { ours: Uuid, theirs: Uuid },
    #[error(
        "the controller no longer knows {lost} of {known} apps and does not say that they were destroyed; still serving \
         the last good table; if the loss is meant, stop the router, remove its table file and start it again"
    )]
    Loss { lost: usize, known: usize },
    #[error("the controller offers version {offered} of the routes, this router has {ours}; still serving its own")]
    Older { offered: i64, ours: i64 },
    #[error("the controller broke the order of the stream: {0}")]
    Disorder(&'static str),
}

impl Replica {
    /// Routes that no controller has told.
    pub fn of(apps: Vec<AppRoutes>) -> Self {
        let apps = apps.into_iter().map(|app| (app.app, Arc::new(app))).collect();
        Self { apps, ..Self::default() }
    }

    /// Forgets what was received of a table that did not become complete.
    pub fn interrupt(&mut self) {
        self.incoming = None;
    }

    /// Takes one line of the stream.
    pub fn apply(&mut self, event: RouteEvent) -> Result<Effect, Refused> {
        match event {
            RouteEvent::Hello { installation, epoch, snapshot } => self.hello(installation, epoch, snapshot),
            RouteEvent::App { version, app } => Ok(self.app(version, app)),
            RouteEvent::Gone { version, app } => Ok(self.gone(version, app)),
            RouteEvent::SnapshotEnd { version, gone } => self.snapshot_end(version, &gone),
            RouteEvent::Heartbeat { version } if version > self.version => {
                Err(Refused::Disorder("a heartbeat names a version that was never sent"))
            }
            RouteEvent::Heartbeat { .. } => Ok(Effect::Current),
        }
    }

    fn hello(&mut self, theirs: Uuid, epoch: i64, snapshot: bool) -> Result<Effect, Refused> {
        if let Some(ours) = self.installation.filter(|ours| *ours != theirs) {
            return Err(Refused::Stranger { ours, theirs });
        }
        if !snapshot && epoch != self.epoch {
            return Err(Refused::Disorder("it continues an epoch that this router does not have"));
        }
        self.installation = Some(theirs);
        self.incoming = snapshot.then(|| Incoming { epoch, apps: BTreeMap::new() });
        Ok(if snapshot { Effect::None } else { Effect::Current })
    }

    fn app(&mut self, version: i64, app: AppRoutes) -> Effect {
        if let Some(incoming) = &mut self.incoming {
            incoming.apps.insert(app.app, Arc::new(app));
            return Effect::None;
        }
        if version <= self.version {
            return Effect::None;
        }
        self.version = version;
        self.apps.insert(app.app, Arc::new(app));
        Effect::Changed
    }

    fn gone(&mut self, version: i64, app: Uuid) -> Effect {
        if let Some(incoming) = &mut self.incoming {
            incoming.apps.remove(&app);
            return Effect::None;
        }
        if version <= self.version {
            return Effect::None;
        }
        self.version = version;
        self.apps.remove(&app);
        Effect::Changed
    }

    fn snapshot_end(&mut self, version: i64, gone: &[Uuid]) -> Result<Effect, Refused> {
        let Some(incoming) = self.incoming.take() else {
            return Err(Refused::Disorder("a snapshot ends that has not begun"));
        };
        if incoming.epoch == self.epoch && version < self.version {
            return Err(Refused::Older { offered: version, ours: self.version });
        }
        let (known, lost) = (self.apps.len(), self.lost(&incoming.apps, gone));
        if lost * 2 > known {
            return Err(Refused::Loss { lost, known });
        }
        if lost > 0 {
            tracing::warn!(lost, known, "apps left the table although nobody said that they were destroyed");
        }
        self.epoch = incoming.epoch;
        self.version = version;
        self.take_over(incoming.apps);
        Ok(Effect::Changed)
    }

    /// Apps that would go although nobody destroyed them.
    fn lost(&self, apps: &BTreeMap<Uuid, Arc<AppRoutes>>, gone: &[Uuid]) -> usize {
        self.apps.keys().filter(|app| !apps.contains_key(app) && !gone.contains(app)).count()
    }

    /// Replaces the table, keeping the very values that have not changed: by them the balancer knows its own.
    fn take_over(&mut self, apps: BTreeMap<Uuid, Arc<AppRoutes>>) {
        let old = mem::replace(&mut self.apps, apps);
        for (id, routes) in &mut self.apps {
            if let Some(same) = old.get(id).filter(|old| *old == routes) {
                *routes = same.clone();
            }
        }
    }
}

impl From<Stored> for Replica {
    fn from(stored: Stored) -> Self {
        let Stored { installation, epoch, version, apps } = stored;
        Self { installation, epoch, version, ..Self::of(apps) }
    }
}

impl From<Replica> for Stored {
    fn from(replica: Replica) -> Self {
        let Replica { installation, epoch, version, apps, .. } = replica;
        Self { installation, epoch, version, apps: apps.into_values().map(Arc::unwrap_or_clone).collect() }
    }
}

#[cfg(test)]
#[path = "replica_tests.rs"]
mod tests;
