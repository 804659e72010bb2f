//! Who does the work: one task per app that needs any, each under the app's lease.
//!
//! Apps are woken by signals (a request changed rows), by the platform (something ended or became ready), by a poll
//! each second for what a signal would have told, and by a sweep (see `sweep`). A task ends when nothing is left to do, and gives the
//! lease up.

mod app;
mod outcome;
mod sweep;
#[cfg(test)]
pub(crate) mod tests;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::Notify;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

use crate::{db, db::signal::Signal, signals::POLL, state::State};

/// How long silence is waited out.
const SILENCE: Duration = Duration::from_secs(30);

/// Looks after all apps until `shutdown`, then gives up all leases.
pub async fn run(state: State, shutdown: CancellationToken) {
    let workers = Workers { state, shutdown, awake: Arc::default(), tasks: TaskTracker::new() };
    let ways = async {
        tokio::join!(workers.follow_signals(), workers.follow_platform(), workers.poll(), sweep::run(&workers));
    };
    workers.shutdown.run_until_cancelled(ways).await;
    workers.tasks.close();
    workers.tasks.wait().await;
}

#[derive(Clone)]
struct Workers {
    state: State,
    shutdown: CancellationToken,
    /// Apps with a task, and how to make it look again.
    awake: Arc<Mutex<HashMap<i64, Arc<Notify>>>>,
    tasks: TaskTracker,
}

impl Workers {
    async fn follow_signals(&self) {
        let mut signals = self.state.signals.subscribe();
        loop {
            match signals.recv(SILENCE).await {
                Some(Signal::App(id)) => self.wake(id),
                Some(Signal::Routers) => self.wake_those_at_work(),
                Some(Signal::Operation(_) | Signal::Push(_) | Signal::Drains | Signal::Routes) | None => {}
            }
        }
    }

    async fn follow_platform(&self) {
        let mut changes = self.state.platform.changes();
        loop {
            match changes.recv().await {
                Ok(app) => self.wake_uuid(app).await,
                Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => self.wake_all().await,
                Err(tokio::sync::broadcast::error::RecvError::Closed) => return,
            }
        }
    }

    async fn poll(&self) {
        let mut ticks = tokio::time::interval(POLL);
        loop {
            ticks.tick().await;
            self.wake_each(db::app::restless_ids(&self.state.pool).await);
        }
    }

    async fn wake_uuid(&self, app: Uuid) {
        if let Ok(Some(id)) = db::app::id_of(&self.state.pool, app).await {
            self.wake(id);
        }
    }

    async fn wake_all(&self) {
        let apps = db::app::all(&self.state.pool).await;
        self.wake_each(apps.map(|apps| apps.into_iter().map(|(id, _)| id).collect()));
    }

    fn wake_each(&self, ids: Result<Vec<i64>, sqlx::Error>) {
        match ids {
            Ok(ids) => ids.into_iter().for_each(|id| self.wake(id)),
            Err(error) => tracing::warn!(%error, "the apps cannot be looked after; trying again"),
        }
    }

    fn wake_those_at_work(&self) {
        self.lock().values().for_each(|notify| notify.notify_one());
    }

    /// Makes the app's task look again, and starts one if there is none.
    fn wake(&self, id: i64) {
        if self.shutdown.is_cancelled() {
            return;
        }
        let mut awake = self.lock();
        if let Some(notify) = awake.get(&id) {
            notify.notify_one();
            return;
        }
        let notify = Arc::new(Notify::new());
        awake.insert(id, notify.clone());
        let workers = self.clone();
        self.tasks.spawn(async move { workers.look_after(id, notify).await });
    }

    async fn look_after(&self, id: i64, notify: Arc<Notify>) {
        loop {
            app::look_after(&self.state, id, &notify, &self.shutdown).await;
            // What was asked for between the last look and now must not be lost.
            let mut awake = self.lock();
            if self.shutdown.is_cancelled() || !was_notified(&notify) {
                awake.remove(&id);
                return;
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<i64, Arc<Notify>>> {
        self.awake.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn was_notified(notify: &Notify) -> bool {
    use futures_util::FutureExt as _;
    notify.notified().now_or_never().is_some()
}
