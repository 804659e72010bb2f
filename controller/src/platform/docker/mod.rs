//! The Docker Engine as a platform, over its unix socket.
//!
//! One container an instance, one bridge network an app, everything labelled (see `labels`). What must be known of a
//! container later is in its labels, so that a controller that has just started knows as much as the one before it;
//! what the engine itself forgets (how a life ended that was followed by another) comes from its event stream.

mod archive;
mod builds;
mod connect;
mod create;
mod crowd;
mod errors;
mod events;
mod exec;
mod guard;
mod hijack;
mod image;
mod instance;
mod labels;
mod logs;
mod network;
mod observe;
mod purge;
mod run;
mod tries;

use std::{collections::HashMap, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use api::{
    sandbox::{BuildOrder, BuildRequest, BuildView},
    types::Size,
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tokio::{
    sync::{Semaphore, broadcast},
    time::Instant,
};
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

pub use self::{
    archive::{Image, Images},
    purge::{Purged, purge},
};
use self::{
    builds::Builds, connect::Engine, crowd::Crowd, events::Exits, image::Fetches, labels::Labels, observe::Listed,
    tries::Tries,
};
use super::{
    Action, AppRef, Attached, Error, ExecSpec, ImageRequest, Instance, InstanceId, LogStream, Mark, Observed, Platform,
    ResolvedImage, RunSpec, RunStream, health::Prober,
};

/// How many changes may wait for a slow listener before it is told to look at everything.
const CHANGES: usize = 256;

/// How many apps are looked at at a time: when a controller starts, every one is.
const LOOKS: usize = 8;

/// How many steps the engine takes at a time. It makes networks one after the other, and starts hardly more containers than
/// the machine has cores: asked for all that every app of a machine needs at once, it answers the last one too late.
const STEPS: usize = 4;

/// What the Docker platform is told once.
#[derive(Clone, Debug)]
pub struct Config {
    /// The engine's socket.
    pub socket: PathBuf,
    /// Whose objects these are. Nothing that bears another installation's label is ever touched.
    pub installation: Uuid,
    /// Most processes and threads of one container.
    pub pids_limit: i64,
    /// Bytes of memory for a container whose app sets no limit; none means that it may take what the machine has.
    pub default_memory: Option<u64>,
    /// Our own registry. No app may pull from it by name.
    pub private_registry: Option<PrivateRegistry>,
    /// Where builds are asked for; none where nothing is built.
    pub builds_socket: Option<PathBuf>,
}

/// The registry that builds push to.
#[derive(Clone)]
pub struct PrivateRegistry {
    /// Where it listens.
    pub address: SocketAddr,
    /// Who we are there.
    pub username: String,
    /// The secret.
    pub password: String,
}

impl std::fmt::Debug for PrivateRegistry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PrivateRegistry").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Config {
    /// The defaults of one machine.
    #[must_use]
    pub fn new(installation: Uuid) -> Self {
        Self {
            socket: PathBuf::from("/var/run/docker.sock"),
            installation,
            pids_limit: 1024,
            default_memory: None,
            private_registry: None,
            builds_socket: None,
        }
    }
}

/// Runs instances as containers of one Docker Engine.
pub struct Docker {
    shared: Arc<Shared>,
    _events: AbortOnDropHandle<()>,
}

/// What the parts of this platform have in common.
struct Shared {
    config: Config,
    labels: Labels,
    engine: Engine,
    builds: Builds,
    prober: Prober,
    exits: Exits,
    fetches: Fetches,
    changes: broadcast::Sender<Uuid>,
    /// One permit a step, in the order in which they were asked for.
    turns: Semaphore,
    /// The same for looks.
    looks: Semaphore,
    /// What there is of every app, for looks that had to wait.
    crowd: Crowd<HashMap<Uuid, Listed>>,
}

impl Docker {
    /// Begins to listen to the engine, and keeps trying when it cannot be reached yet. Needs a running Tokio runtime.
    #[must_use]
    pub fn connect(config: Config) -> Self {
        let changes = broadcast::Sender::new(CHANGES);
        let engine = Engine::new(&config.socket);
        let shared = Arc::new(Shared {
            labels: Labels::new(config.installation),
            prober: Prober::new(Arc::new(Tries::new(engine.clone())), changes.clone()),
            exits: Exits::default(),
            fetches: Fetches::default(),
            builds: Builds::new(config.builds_socket.clone()),
            engine,
            changes,
            turns: Semaphore::new(STEPS),
            looks: Semaphore::new(LOOKS),
            crowd: Crowd::default(),
            config,
        });
        let events = AbortOnDropHandle::new(tokio::spawn(events::follow(shared.clone())));
        Self { shared, _events: events }
    }
}

#[async_trait]
impl Platform for Docker {
    async fn observe(&self, app: &AppRef) -> Result<Observed, Error> {
        let (shared, asked) = (&self.shared, Instant::now());
        if let Ok(_look) = shared.looks.try_acquire() {
            return observe::app(shared, app, &observe::list(shared, app).await?).await;
        }
        let _look = shared.looks.acquire().await.map_err(|closed| Error::Unavailable(closed.into()))?;
        let everything = shared.crowd.since(asked, Box::pin(observe::list_all(shared))).await?;
        observe::app(shared, app, everything.get(&app.uuid).unwrap_or(&Listed::default())).await
    }

    async fn instances(&self, app: &AppRef, names: &[String]) -> Result<Vec<Instance>, Error> {
        observe::named(&self.shared, app, names).await
    }

    async fn survey(&self) -> Result<HashMap<Uuid, Mark>, Error> {
        observe::survey(&self.shared).await
    }

    async fn apply(&self, app: &AppRef, action: &Action) -> Result<(), Error> {
        let shared = &self.shared;
        let _turn = shared.turns.acquire().await.map_err(|closed| Error::Unavailable(closed.into()))?;
        match action {
            Action::EnsureNetwork(spec) => network::ensure(shared, app, spec).await,
            Action::RemoveNetwork { id } => network::remove(shared, app, id).await,
            Action::Start(spec) => instance::start(shared, app, spec).await,
            Action::Stop { id } => instance::stop(shared, app, id).await,
            Action::Kill { id } => instance::kill(shared, app, id).await,
            Action::Remove { id } => instance::remove(shared, app, id).await,
            Action::ForgetImage { reference } => {
                image::forget(shared, app, reference).await?;
                builds::forget_image(shared, app, reference).await
            }
        }
    }

    async fn prepare_image(&self, request: &ImageRequest) -> Result<ResolvedImage, Error> {
        image::prepare(&self.shared, request).await
    }

    async fn images(&self, app: &AppRef) -> Result<Vec<String>, Error> {
        let tags = image::tags(self.shared.engine.client()?, &image::repository(&app.uuid)).await?;
        Ok(tags.into_iter().map(|(tag, _)| tag).collect())
    }

    async fn logs(&self, id: &InstanceId, since: Option<DateTime<Utc>>) -> Result<LogStream, Error> {
        logs::follow(&self.shared, id, since).await
    }

    async fn cpu_time(&self, id: &InstanceId) -> Result<Duration, Error> {
        observe::cpu_time(&self.shared, id).await
    }

    async fn tail(&self, id: &InstanceId, lines: usize) -> Result<Vec<String>, Error> {
        logs::tail(&self.shared, id, lines).await
    }

    async fn run(&self, app: &AppRef, spec: &RunSpec) -> Result<RunStream, Error> {
        run::start(&self.shared, app, spec).await
    }

    async fn attach(&self, app: &AppRef, spec: &RunSpec, terminal: Option<Size>) -> Result<Attached, Error> {
        run::attach(&self.shared, app, spec, terminal).await
    }

    async fn start_run(&self, app: &AppRef, spec: &RunSpec) -> Result<(), Error> {
        run::start_detached(&self.shared, app, spec).await
    }

    async fn exec(&self, app: &AppRef, id: &InstanceId, spec: &ExecSpec) -> Result<Attached, Error> {
        exec::exec(&self.shared, app, id, spec).await
    }

    fn changes(&self) -> broadcast::Receiver<Uuid> {
        self.shared.changes.subscribe()
    }

    async fn ping(&self) -> Result<(), Error> {
        connect::call(self.shared.engine.client()?.ping()).await.map(drop)
    }

    async fn ping_builds(&self) -> Result<(), Error> {
        self.shared.builds.ping().await
    }

    async fn begin_build(&self, _: &AppRef, order: &BuildOrder) -> Result<(), Error> {
        self.shared.builds.begin(order).await
    }

    async fn look_build(&self, build: Uuid, from: u64) -> Result<BuildView, Error> {
        self.shared.builds.look(build, from).await
    }

    async fn cancel_build(&self, build: Uuid) -> Result<(), Error> {
        self.shared.builds.tell(&BuildRequest::Cancel { build }).await
    }

    async fn forget_build(&self, build: Uuid) -> Result<(), Error> {
        self.shared.builds.tell(&BuildRequest::Forget { build }).await
    }

    async fn forget_builds(&self, app: &AppRef) -> Result<(), Error> {
        self.shared.builds.tell(&BuildRequest::ForgetApp { app: app.uuid }).await
    }
}
