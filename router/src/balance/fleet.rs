//! All instances: those in the table, and those that left it while something was under way.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use api::routes::{AppRoutes, Endpoint};
use tokio::sync::Notify;
use uuid::Uuid;

use super::{App, Backend};
use crate::upstream::Address;

/// Keeps what is known of an instance from one table to the next.
#[derive(Default)]
pub(crate) struct Fleet {
    state: Mutex<State>,
    /// Told when the last request leaves an instance that has left the table.
    drained: Arc<Notify>,
}

#[derive(Default)]
struct State {
    apps: BTreeMap<Uuid, Routed>,
    leaving: Vec<Arc<Backend>>,
}

/// An app, and the routes it was made from.
#[derive(Clone)]
pub(crate) struct Routed {
    pub routes: Arc<AppRoutes>,
    pub app: Arc<App>,
}

/// Instances that are no longer in the table. To be retired once the new table is in place.
#[must_use]
pub(crate) struct Leaving(Vec<Arc<Backend>>);

impl Fleet {
    /// The apps of a new table, made from their routes; what has not changed is taken over.
    pub fn apps(&self, routes: &BTreeMap<Uuid, Arc<AppRoutes>>) -> (Vec<Routed>, Leaving) {
        let mut state = self.state();
        let mut old = std::mem::take(&mut state.apps);
        let mut leaving = Vec::new();
        for (&id, routes) in routes {
            let known = match old.remove(&id) {
                Some(known) if Arc::ptr_eq(&known.routes, routes) => known,
                before => self.renew(routes, before.as_ref(), &mut leaving),
            };
            state.apps.insert(id, known);
        }
        leaving.extend(old.into_values().flat_map(|known| known.app.backends.clone()));
        let apps = state.apps.values().cloned().collect();
        (apps, Leaving(leaving))
    }

    fn renew(&self, routes: &Arc<AppRoutes>, before: Option<&Routed>, leaving: &mut Vec<Arc<Backend>>) -> Routed {
        let old = before.map_or(&[][..], |known| &known.app.backends);
        let same = |endpoint: &Endpoint| old.iter().find(|backend| backend.is(endpoint)).cloned();
        let app = App::new(routes, |endpoint| same(endpoint).unwrap_or_else(|| self.backend(endpoint)));
        let left = |backend: &&Arc<Backend>| !app.backends.iter().any(|kept| Arc::ptr_eq(kept, backend));
        leaving.extend(old.iter().filter(left).cloned());
        Routed { routes: routes.clone(), app: Arc::new(app) }
    }

    fn backend(&self, endpoint: &Endpoint) -> Arc<Backend> {
        let address = Address::Tcp(endpoint.address);
        Arc::new(Backend::new(endpoint.instance.clone(), address, self.drained.clone()))
    }

    /// The new table is in place: the old instances get no more requests.
    pub fn retire(&self, leaving: Leaving) {
        for backend in &leaving.0 {
            backend.retire();
        }
        self.state().leaving.extend(leaving.0);
    }

    /// What is under way at instances that left the table, by name.
    pub fn in_flight(&self) -> BTreeMap<String, u64> {
        let mut state = self.state();
        state.leaving.retain(|backend| backend.outstanding() > 0);
        let mut counts = BTreeMap::new();
        for backend in &state.leaving {
            *counts.entry(backend.instance.clone()).or_default() += backend.outstanding();
        }
        counts
    }

    /// Returns when something in [`Fleet::in_flight`] has come to its end.
    pub async fn drained(&self) {
        self.drained.notified().await;
    }

    /// Closes unused connections older than `time`.
    pub fn close_older(&self, time: u64) {
        let backends: Vec<_> = self.state().apps.values().flat_map(|known| known.app.backends.clone()).collect();
        for backend in backends {
            backend.pool.close_older(time);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
