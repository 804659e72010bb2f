//! Follows what instances write and stores it.
//!
//! Level-triggered like everything around it: [`Collector::sync`] is told which instances there are, again and again, and
//! starts, restarts and stops readers accordingly. A reader that fails (the engine is away, the disk is full) just
//! ends; the next one goes on where the stored lines end, so that nothing has to be remembered or retried.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use anyhow::{Result, anyhow};
use tokio::{
    sync::{broadcast, oneshot},
    task::{JoinHandle, spawn_blocking},
};
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;

use super::{Source, Store, read};
use crate::platform::{InstanceId, Platform};

/// Completions that a slow listener may leave unread; they are hints, so that losing some harms nobody.
const HINTS: usize = 256;

/// An instance or run whose lines are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Followed {
    /// The platform's id.
    pub id: InstanceId,
    /// How its lines are marked.
    pub source: Source,
    /// It has ended for good: after what is there now, nothing comes.
    pub ended: bool,
}

/// Stores what instances write.
pub struct Collector {
    shared: Shared,
    apps: Mutex<HashMap<Uuid, Readers>>,
    cancelled: CancellationToken,
    _cancel_on_drop: DropGuard,
}

type Readers = HashMap<InstanceId, Reader>;

/// What every reader needs.
#[derive(Clone)]
struct Shared {
    store: Arc<Store>,
    platform: Arc<dyn Platform>,
    completed: broadcast::Sender<Uuid>,
}

/// What is known of reading one instance.
struct Reader {
    name: String,
    cancelled: CancellationToken,
    /// The instance has ended: somebody waits for its last lines.
    ended: Arc<AtomicBool>,
    state: State,
    /// Keeps one long trouble from being logged at every attempt.
    failing: bool,
}

enum State {
    /// A task reads, and tells how that went. `last` when it began after the instance had ended.
    Reading { task: JoinHandle<()>, outcome: oneshot::Receiver<Result<()>>, last: bool },
    /// Everything was read after the instance had ended.
    Complete,
    /// Reading ended before the instance did, or failed, or never began.
    Idle,
}

impl Collector {
    /// A collector that follows nothing yet.
    #[must_use]
    pub fn new(store: Arc<Store>, platform: Arc<dyn Platform>) -> Self {
        let cancelled = CancellationToken::new();
        Self {
            shared: Shared { store, platform, completed: broadcast::Sender::new(HINTS) },
            apps: Mutex::default(),
            _cancel_on_drop: cancelled.clone().drop_guard(),
            cancelled,
        }
    }

    /// Follows exactly these instances of `app`, and answers which of the ended ones have been read to the end: only those
    /// may be removed from the platform. To be called by whoever looks after the app, one call after the other.
    pub async fn sync(&self, app: Uuid, instances: &[Followed]) -> BTreeSet<InstanceId> {
        let known = self.take(app);
        let mut readers = self.keep(app, known, instances).await;
        for instance in instances {
            let reader = readers.entry(instance.id.clone()).or_insert_with(|| self.idle(instance));
            reader.ended.store(instance.ended, Ordering::Relaxed);
            reader.settle(app);
            if let State::Idle = reader.state {
                reader.start(self.shared.clone(), app, instance);
            }
        }
        let complete = readers.iter().filter(|(_, reader)| matches!(reader.state, State::Complete));
        let complete = complete.map(|(id, _)| id.clone()).collect();
        self.put(app, readers);
        complete
    }

    /// Stops following an app: it is being deleted, or somebody else looks after it now. Nothing is written for it when
    /// this returns.
    pub async fn stop(&self, app: Uuid) {
        for reader in self.take(app).unwrap_or_default().into_values() {
            reader.stop().await;
        }
    }

    /// Stops following everything, and lets another controller write. All that was read is stored when this returns.
    pub async fn shutdown(&self) {
        self.cancelled.cancel();
        let apps: Vec<Uuid> = self.lock().keys().copied().collect();
        for app in apps {
            self.stop(app).await;
        }
        self.shared.store.release();
    }

    /// Uuids of apps that are worth another [`Collector::sync`], because an ended instance was read. Only a hint.
    #[must_use]
    pub fn completed(&self) -> broadcast::Receiver<Uuid> {
        self.shared.completed.subscribe()
    }

    /// The readers that stay. The store forgets how far others were read, once those have stopped writing.
    async fn keep(&self, app: Uuid, known: Option<Readers>, instances: &[Followed]) -> Readers {
        let ids: BTreeSet<&InstanceId> = instances.iter().map(|instance| &instance.id).collect();
        let first = known.is_none();
        let (kept, gone): (Readers, Readers) =
            known.unwrap_or_default().into_iter().partition(|(id, _)| ids.contains(id));
        let changed = first || !gone.is_empty();
        for reader in gone.into_values() {
            reader.stop().await;
        }
        if changed {
            let names = instances.iter().map(|instance| instance.source.instance.clone()).collect();
            let store = Arc::clone(&self.shared.store);
            // When it fails, nothing is forgotten, which is safe.
            let _ = spawn_blocking(move || store.retain(app, &names)).await;
        }
        kept
    }

    fn idle(&self, instance: &Followed) -> Reader {
        let name = instance.source.instance.clone();
        let cancelled = self.cancelled.child_token();
        Reader { name, cancelled, ended: Arc::default(), state: State::Idle, failing: false }
    }

    fn take(&self, app: Uuid) -> Option<Readers> {
        self.lock().remove(&app)
    }

    fn put(&self, app: Uuid, readers: Readers) {
        self.lock().insert(app, readers);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Uuid, Readers>> {
        self.apps.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reader {
    /// Notices that the task has ended, and how.
    fn settle(&mut self, app: Uuid) {
        let State::Reading { outcome, last, .. } = &mut self.state else { return };
        let (outcome, last) = match outcome.try_recv() {
            Err(oneshot::error::TryRecvError::Empty) => {
                self.failing = false;
                return;
            }
            Err(oneshot::error::TryRecvError::Closed) => (Err(anyhow!("the reader panicked")), *last),
            Ok(outcome) => (outcome, *last),
        };
        match &outcome {
            Err(error) if !self.failing => {
                let error = format!("{error:#}");
                tracing::warn!(%app, instance = self.name, error, "what an instance writes is not being stored");
            }
            _ => {}
        }
        self.failing = outcome.is_err();
        self.state = if outcome.is_ok() && last { State::Complete } else { State::Idle };
    }

    fn start(&mut self, shared: Shared, app: Uuid, instance: &Followed) {
        let (id, source, last) = (instance.id.clone(), instance.source.clone(), instance.ended);
        let (sender, outcome) = oneshot::channel();
        let (cancelled, ended) = (self.cancelled.clone(), self.ended.clone());
        let task = tokio::spawn(async move {
            let read = read::read(&shared.store, &*shared.platform, app, &id, &source, &cancelled).await;
            let hint = read.is_ok() && ended.load(Ordering::Relaxed);
            // Neither need be heard: the app may be looked after by somebody else by now, and hints are only hints.
            let _ = sender.send(read);
            let _ = hint && shared.completed.send(app).is_ok();
        });
        self.state = State::Reading { task, outcome, last };
    }

    async fn stop(self) {
        self.cancelled.cancel();
        if let State::Reading { task, .. } = self.state {
            // How it ended does not matter any more.
            let _ = task.await;
        }
    }
}
