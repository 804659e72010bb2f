//! What runs instances: the one trait with several implementations.
//!
//! A platform is told what to do one action at a time and remembers nothing that could not be read from it again
//! after a restart: whatever it must know about an instance later (its probes, its release) it keeps with the instance
//! itself. Actions are idempotent. It deletes only what bears this installation's label and the app's uuid, and
//! only by an id that was observed before. One conformance suite holds every implementation to this.

pub mod docker;
mod health;
mod image;
#[cfg(any(test, feature = "testing"))]
pub mod memory;
mod session;

use std::{
    collections::{BTreeMap, HashMap},
    hash::{DefaultHasher, Hash, Hasher},
    net::IpAddr,
    time::Duration,
};

use api::{
    names::{ConfigKey, PlatformName, ProcessType},
    sandbox::{BuildOrder, BuildView},
    types::{Probe, Size},
};
use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::stream::BoxStream;
use ipnet::Ipv4Net;
use tokio::sync::broadcast;
use uuid::Uuid;

pub use image::{ImageRequest, RegistryLogin, ResolvedImage};
pub use session::{Attached, Control, ExecSpec, Started};

/// Runs instances of apps. See the module for what every implementation keeps to.
#[async_trait]
pub trait Platform: Send + Sync + 'static {
    /// Everything of `app` that exists now.
    async fn observe(&self, app: &AppRef) -> Result<Observed, Error>;

    /// What there is now of the app's instances of these names, for whoever need not hear of anything else.
    async fn instances(&self, app: &AppRef, names: &[String]) -> Result<Vec<Instance>, Error> {
        let mut instances = self.observe(app).await?.instances;
        instances.retain(|instance| names.contains(&instance.name));
        Ok(instances)
    }

    /// How each app looks that has anything here, in one look that is cheap for any number of apps. A mark differs from
    /// an earlier one when objects of the app came, went, or began or ceased to run.
    async fn survey(&self) -> Result<HashMap<Uuid, Mark>, Error>;

    /// Takes one step. Doing it twice is doing it once; what is already as wanted is left alone.
    async fn apply(&self, app: &AppRef, action: &Action) -> Result<(), Error>;

    /// Makes sure that the platform can run `request.image`, and says exactly what it is.
    async fn prepare_image(&self, request: &ImageRequest) -> Result<ResolvedImage, Error>;

    /// References of all images that it keeps for `app`, those included that nothing came of. In the platform's own
    /// words, which [`Action::ForgetImage`] understands.
    async fn images(&self, app: &AppRef) -> Result<Vec<String>, Error>;

    /// What an instance or run writes, from `since` on (inclusive, by the platform's clock), and on as it writes. Ends
    /// when the instance has ended and everything was read.
    async fn logs(&self, id: &InstanceId, since: Option<DateTime<Utc>>) -> Result<LogStream, Error>;

    /// What the processes of an instance have used of all processors in its life until now; nothing when it does not run.
    async fn cpu_time(&self, id: &InstanceId) -> Result<Duration, Error>;

    /// The last `lines` lines of an instance, ended ones included: what a crash report shows.
    async fn tail(&self, id: &InstanceId, lines: usize) -> Result<Vec<String>, Error>;

    /// Starts a one-off run and attaches to it. Dropping the stream stops nothing.
    async fn run(&self, app: &AppRef, spec: &RunSpec) -> Result<RunStream, Error>;

    /// The same for somebody who has input for it, and a terminal of that size perhaps.
    async fn attach(&self, app: &AppRef, spec: &RunSpec, terminal: Option<Size>) -> Result<Attached, Error>;

    /// Starts a one-off run that nobody attends to.
    async fn start_run(&self, app: &AppRef, spec: &RunSpec) -> Result<(), Error>;

    /// Executes a command in a running instance. Dropping what is answered ends it, and so does our own end, by whatever.
    async fn exec(&self, app: &AppRef, id: &InstanceId, spec: &ExecSpec) -> Result<Attached, Error>;

    /// Uuids of apps whose observation changed: an instance ended, became ready, or ceased to be. Only a hint: whoever
    /// lags or misses some looks at everything again.
    fn changes(&self) -> broadcast::Receiver<Uuid>;

    /// Answers when the platform can be reached.
    async fn ping(&self) -> Result<(), Error>;

    /// Answers when builds can be begun; refuses in words where there is nothing that builds.
    async fn ping_builds(&self) -> Result<(), Error>;

    /// Begins a build, unless it has begun.
    async fn begin_build(&self, app: &AppRef, order: &BuildOrder) -> Result<(), Error>;

    /// How a build is, with what it wrote from `from` on. Known until it is forgotten.
    async fn look_build(&self, build: Uuid, from: u64) -> Result<BuildView, Error>;

    /// Ends a build. Does not wait.
    async fn cancel_build(&self, build: Uuid) -> Result<(), Error>;

    /// The record of a build is needed no more.
    async fn forget_build(&self, build: Uuid) -> Result<(), Error>;

    /// The app is gone: what was kept for its next builds and what they made is needed no more.
    async fn forget_builds(&self, app: &AppRef) -> Result<(), Error>;
}

/// What a platform writes, line by line.
pub type LogStream = BoxStream<'static, Result<LogLine, Error>>;

/// What a run writes and how it ends.
pub type RunStream = BoxStream<'static, Result<RunOutput, Error>>;

/// An app, as far as a platform is concerned.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AppRef {
    /// Identity; the label by which everything of the app is found.
    pub uuid: Uuid,
    /// Beginning of every name on the platform.
    pub platform_name: PlatformName,
}

/// Stands for how something looked. It says nothing but that it changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark(pub u64);

impl Mark {
    /// Takes `part` in; the order in which parts come does not matter.
    pub(crate) fn add(&mut self, part: impl Hash) {
        let mut hasher = DefaultHasher::new();
        part.hash(&mut hasher);
        self.0 = self.0.wrapping_add(hasher.finish());
    }
}

/// The platform's own id of an instance; a name can come again, this cannot.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InstanceId(pub String);

/// One step.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// The app has a network of its own with these addresses.
    EnsureNetwork(NetworkSpec),
    /// That network of the app is gone. Only ever asked for when nothing is left that could be on it.
    RemoveNetwork {
        /// The platform's id of the network, as observed.
        id: String,
    },
    /// The instance exists and was started. An instance of that name that exists already is started if it was
    /// created and never ran, and left alone otherwise. A command that does not exist ends it with 127, as in a shell.
    Start(Box<InstanceSpec>),
    /// SIGTERM, or the stop signal that the image names, and no restart by the platform from now on. Does not wait.
    Stop {
        /// Which, as observed.
        id: InstanceId,
    },
    /// SIGKILL, and no restart by the platform from now on.
    Kill {
        /// Which, as observed.
        id: InstanceId,
    },
    /// The ended instance or run is gone, its log with it.
    Remove {
        /// Which, as observed.
        id: InstanceId,
    },
    /// The platform need not keep the image for this app any longer. An image that something runs or that another app
    /// needs stays. One that was built here leaves the registry too.
    ForgetImage {
        /// As in [`ResolvedImage::reference`] or from [`Platform::images`].
        reference: String,
    },
}

/// An app's network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkSpec {
    /// Addresses; the first usable one is the gateway's.
    pub subnet: Ipv4Net,
    /// Name of the bridge, `sw-<hex>`: firewall rules go by its beginning.
    pub bridge: String,
}

/// Everything needed to start an instance.
#[derive(Clone, Debug, PartialEq)]
pub struct InstanceSpec {
    /// `<platform name>-<type>-<8 hex of the release>-<5>`; unique on the platform.
    pub name: String,
    /// Its process type.
    pub process_type: ProcessType,
    /// The release it runs.
    pub release: Uuid,
    /// Address in the app's network; it keeps it for life.
    pub address: Option<IpAddr>,
    /// The container itself.
    pub container: ContainerSpec,
    /// The port it must listen on; none means that it serves nothing.
    pub port: Option<u16>,
    /// Gets traffic only while it passes.
    pub readiness: Option<Probe>,
    /// Is replaced when it fails.
    pub liveness: Option<Probe>,
}

/// What instances and runs have in common.
#[derive(Clone, PartialEq)]
pub struct ContainerSpec {
    /// As in [`ResolvedImage::reference`].
    pub image: String,
    /// In place of the image's entry point.
    pub entrypoint: Option<Vec<String>>,
    /// In place of the image's arguments.
    pub args: Option<Vec<String>>,
    /// Environment; secrets among it.
    pub env: BTreeMap<ConfigKey, String>,
    /// Bytes of memory, swap included.
    pub memory_bytes: Option<u64>,
    /// Bytes of it that are not to be taken away while memory is short, as far as the platform can.
    pub memory_request: Option<u64>,
    /// Thousandths of a core.
    pub cpu_millis: Option<u64>,
    /// Thousandths of a core that it weighs as much as, while processors are short. None weighs as one core.
    pub cpu_request: Option<u64>,
}

impl std::fmt::Debug for ContainerSpec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let keys: Vec<_> = self.env.keys().map(ConfigKey::as_str).collect();
        f.debug_struct("ContainerSpec")
            .field("image", &self.image)
            .field("entrypoint", &self.entrypoint)
            .field("args", &self.args)
            .field("env", &keys)
            .finish_non_exhaustive()
    }
}

/// What an app consists of on the platform.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observed {
    /// Its networks, in no order: one, unless a call that was given up has made another all the same.
    pub networks: Vec<ObservedNetwork>,
    /// Its instances, ended ones included, in no order.
    pub instances: Vec<Instance>,
    /// Its one-off runs, ended ones included, in no order.
    pub runs: Vec<ObservedRun>,
}

/// A network that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedNetwork {
    /// The platform's id.
    pub id: String,
    /// Its addresses.
    pub subnet: Ipv4Net,
}

/// An instance that exists.
#[derive(Clone, Debug, PartialEq)]
pub struct Instance {
    /// The platform's id.
    pub id: InstanceId,
    /// As in [`InstanceSpec::name`].
    pub name: String,
    /// Its process type.
    pub process_type: ProcessType,
    /// The release it runs.
    pub release: Uuid,
    /// What it does.
    pub state: InstanceState,
    /// What its readiness probe says.
    pub readiness: Readiness,
    /// Why its liveness probe failed, once it has.
    pub liveness_failure: Option<String>,
    /// How often the platform has started it again after it ended.
    pub restarts: u32,
    /// Start of the current or last life.
    pub started_at: Option<DateTime<Utc>>,
    /// End of the last life.
    pub last_exit: Option<Exit>,
}

/// What an instance does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InstanceState {
    /// Exists, was never started.
    Created,
    /// Its process runs.
    Running,
    /// Ended, and the platform will start it again.
    Restarting,
    /// Ended for good.
    Ended,
}

/// What is known of an instance's readiness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// Not probed yet in this process's life: what was true before still stands.
    Unknown,
    /// Passes, or needs no probe and has run for [`SETTLED`].
    Ready,
    /// Does not pass yet or any more, and why, for people.
    NotReady(String),
}

/// How long an instance without a port must have run to count as healthy.
pub const SETTLED: Duration = Duration::from_secs(1);

/// How an instance ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exit {
    /// Exit code; 128 + n for signal n.
    pub code: i64,
    /// The memory limit ended it.
    pub out_of_memory: bool,
    /// When.
    pub at: DateTime<Utc>,
}

/// A one-off run that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedRun {
    /// The platform's id.
    pub id: InstanceId,
    /// `<platform name>-run-<5>`.
    pub name: String,
    /// True until its command has ended.
    pub running: bool,
    /// The code that it ended with, where that is known.
    pub code: Option<i64>,
}

/// A one-off run.
#[derive(Clone, Debug)]
pub struct RunSpec {
    /// `<platform name>-run-<5>`.
    pub name: String,
    /// Address in the app's network, as for instances.
    pub address: Option<IpAddr>,
    /// What runs.
    pub container: ContainerSpec,
}

/// One step of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunOutput {
    /// Bytes from standard output.
    Stdout(Bytes),
    /// Bytes from standard error.
    Stderr(Bytes),
    /// It ended with this code; nothing follows.
    Exited(i64),
}

/// One line of output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// When the platform took it.
    pub at: DateTime<Utc>,
    /// The line without its end, made valid UTF-8.
    pub text: String,
}

/// Why a platform did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be reached, is overloaded or took too long: the same may work later.
    #[error("the platform cannot be reached")]
    Unavailable(#[source] anyhow::Error),
    /// It understood and refuses; the text is for the user.
    #[error("{0}")]
    Rejected(String),
    /// Somebody else has these addresses: another subnet may do.
    #[error("the addresses {0} are in use")]
    SubnetTaken(Ipv4Net),
    /// What was named does not exist any more.
    #[error("it no longer exists")]
    Gone,
}
