//! A platform in memory, for tests: it behaves as the conformance suite says, and does nothing that the suite does not
//! check.
//!
//! What an instance does is told by the [`Script`] of its image; what a call does wrong, by [`Faults`]. Time is Tokio's,
//! so that a test may pause it.

mod builds;
mod container;
mod faults;
mod logs;
mod script;
mod session;
mod tries;
mod world;

use std::{collections::HashMap, sync::Arc, time::Duration};

use api::{
    sandbox::{BuildOrder, BuildView},
    types::Size,
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tokio::sync::broadcast;
use uuid::Uuid;

pub use self::builds::BuildScript;
pub use self::faults::{Call, Fault, Faults};
pub use self::script::Script;
use self::{builds::Builds, tries::Tries, world::World};
use super::{
    Action, AppRef, Attached, Error, ExecSpec, ImageRequest, InstanceId, LogStream, Mark, Observed, Platform,
    ResolvedImage, RunSpec, RunStream, health::Prober,
};

/// How many changes may wait for a slow listener before it is told to look at everything.
const CHANGES: usize = 256;

/// Runs instances as entries of a table.
pub struct Memory {
    world: Arc<World>,
    prober: Prober,
    builds: Arc<Builds>,
    faults: Arc<Faults>,
}

impl Default for Memory {
    fn default() -> Self {
        let world = Arc::new(World::new(broadcast::Sender::new(CHANGES)));
        Self { prober: prober(&world), world, builds: Arc::default(), faults: Arc::default() }
    }
}

/// What probes for one controller.
fn prober(world: &Arc<World>) -> Prober {
    Prober::new(Arc::new(Tries::new(world.clone())), world.changes.clone())
}

impl Memory {
    /// The same platform as another controller, or the next one, sees it: it probes for itself.
    #[must_use]
    pub fn seen_by_another(&self) -> Self {
        let (world, builds, faults) = (self.world.clone(), self.builds.clone(), self.faults.clone());
        Self { prober: prober(&world), world, builds, faults }
    }

    /// Makes an image available. Given again, it changes what instances of it that run already do from now on.
    pub fn image(&self, name: &str, script: Script) {
        self.world.image(name, script);
    }

    /// Says what builds of a commit do; others make a web server at once. Given again, it changes what builds of it that
    /// run already do from now on.
    pub fn build(&self, sha: &str, script: BuildScript) {
        self.builds.script(sha, script);
    }

    /// The orders of the builds that are known.
    #[must_use]
    pub fn builds(&self) -> Vec<BuildOrder> {
        self.builds.known()
    }

    /// How many builds were begun, and how many ran at a time at most.
    #[must_use]
    pub fn build_counts(&self) -> (usize, usize) {
        self.builds.counts()
    }

    /// What there is of an app, whatever calls do wrong.
    #[must_use]
    pub fn exists(&self, app: &AppRef) -> Observed {
        self.world.observe(app, &self.prober)
    }

    /// The images that it keeps for an app, whatever calls do wrong.
    #[must_use]
    pub fn kept(&self, app: &AppRef) -> Vec<String> {
        self.world.kept(app)
    }

    /// Every instance of an app that runs has used its processor for so much longer.
    pub fn work(&self, app: &AppRef, time: Duration) {
        self.world.work(app, time);
    }

    /// What the next calls do wrong.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    fn act(&self, app: &AppRef, action: &Action) -> Result<(), Error> {
        match action {
            Action::EnsureNetwork(spec) => self.world.ensure_network(app, spec)?,
            Action::RemoveNetwork { id } => self.world.remove_network(app, id)?,
            Action::Start(spec) => container::start(&self.world, app, spec)?,
            Action::Stop { id } => self.world.signal(app, id, container::Signal::Term),
            Action::Kill { id } => self.world.signal(app, id, container::Signal::Kill),
            Action::Remove { id } => self.world.remove(app, id)?,
            Action::ForgetImage { reference } => self.world.forget(app, reference),
        }
        Ok(())
    }
}

#[async_trait]
impl Platform for Memory {
    async fn observe(&self, app: &AppRef) -> Result<Observed, Error> {
        let observe = async { Ok(self.world.observe(app, &self.prober)) };
        self.faults.around(Call::Observe, observe).await
    }

    async fn survey(&self) -> Result<HashMap<Uuid, Mark>, Error> {
        self.faults.around(Call::Survey, async { Ok(self.world.survey()) }).await
    }

    async fn apply(&self, app: &AppRef, action: &Action) -> Result<(), Error> {
        self.faults.around(Call::of(action), async { self.act(app, action) }).await
    }

    async fn prepare_image(&self, request: &ImageRequest) -> Result<ResolvedImage, Error> {
        let name = request.built.clone().unwrap_or_else(|| request.image.with_tag());
        let prepare = async { self.world.keep(&request.app, &name) };
        self.faults.around(Call::PrepareImage, prepare).await
    }

    async fn images(&self, app: &AppRef) -> Result<Vec<String>, Error> {
        self.faults.around(Call::Images, async { Ok(self.world.kept(app)) }).await
    }

    async fn logs(&self, id: &InstanceId, since: Option<DateTime<Utc>>) -> Result<LogStream, Error> {
        self.faults.around(Call::Logs, async { logs::follow(&self.world, id, since) }).await
    }

    async fn cpu_time(&self, id: &InstanceId) -> Result<Duration, Error> {
        self.faults.around(Call::CpuTime, async { self.world.cpu_time(id) }).await
    }

    async fn tail(&self, id: &InstanceId, lines: usize) -> Result<Vec<String>, Error> {
        self.faults.around(Call::Tail, async { logs::tail(&self.world, id, lines) }).await
    }

    async fn run(&self, app: &AppRef, spec: &RunSpec) -> Result<RunStream, Error> {
        let run = async { container::run(&self.world, app, spec).map(|id| logs::output(&self.world, id)) };
        self.faults.around(Call::Run, run).await
    }

    async fn attach(&self, app: &AppRef, spec: &RunSpec, terminal: Option<Size>) -> Result<Attached, Error> {
        self.faults.around(Call::Attach, async { session::attach(&self.world, app, spec, terminal) }).await
    }

    async fn start_run(&self, app: &AppRef, spec: &RunSpec) -> Result<(), Error> {
        self.faults.around(Call::StartRun, async { container::run(&self.world, app, spec).map(drop) }).await
    }

    async fn exec(&self, app: &AppRef, id: &InstanceId, spec: &ExecSpec) -> Result<Attached, Error> {
        self.faults.around(Call::Exec, async { session::exec(&self.world, app, id, spec) }).await
    }

    fn changes(&self) -> broadcast::Receiver<Uuid> {
        self.world.changes.subscribe()
    }

    async fn ping(&self) -> Result<(), Error> {
        self.faults.around(Call::Ping, async { Ok(()) }).await
    }

    async fn ping_builds(&self) -> Result<(), Error> {
        self.faults.around(Call::PingBuilds, async { Ok(()) }).await
    }

    async fn begin_build(&self, _: &AppRef, order: &BuildOrder) -> Result<(), Error> {
        let begin = async {
            self.builds.begin(&self.world, order);
            Ok(())
        };
        self.faults.around(Call::BeginBuild, begin).await
    }

    async fn look_build(&self, build: Uuid, from: u64) -> Result<BuildView, Error> {
        self.faults.around(Call::LookBuild, async { Ok(self.builds.look(&self.world, build, from)) }).await
    }

    async fn cancel_build(&self, build: Uuid) -> Result<(), Error> {
        let cancel = async {
            self.builds.cancel(&self.world, build);
            Ok(())
        };
        self.faults.around(Call::CancelBuild, cancel).await
    }

    async fn forget_build(&self, build: Uuid) -> Result<(), Error> {
        let forget = async {
            self.builds.forget(build);
            Ok(())
        };
        self.faults.around(Call::ForgetBuild, forget).await
    }

    async fn forget_builds(&self, app: &AppRef) -> Result<(), Error> {
        let forget = async {
            self.builds.forget_app(app.uuid);
            Ok(())
        };
        self.faults.around(Call::ForgetBuilds, forget).await
    }
}
