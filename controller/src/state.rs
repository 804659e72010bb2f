//! What every part of the controller shares: made once at the start, cheap to clone.

use std::{collections::BTreeMap, ops::Deref, path::PathBuf, sync::Arc};

use api::types::SshAddress;
use ipnet::{IpNet, Ipv4Net};
use sqlx::PgPool;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::{
    db::installation::Installation, hook::Hooks, logs, platform::Platform, pulse::Pulse, signals::Signals, vault::Vault,
};

/// A handle on [`Shared`].
#[derive(Clone)]
pub struct State(Arc<Shared>);

impl State {
    /// Shares `shared`.
    #[must_use]
    pub fn new(shared: Shared) -> Self {
        Self(Arc::new(shared))
    }
}

impl Deref for State {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

/// See the module.
pub struct Shared {
    /// Connections to PostgreSQL; nobody keeps one while waiting for something else.
    pub pool: PgPool,
    /// Whether the database answers.
    pub pulse: Pulse,
    /// Encryption at rest.
    pub vault: Vault,
    /// What runs instances.
    pub platform: Arc<dyn Platform>,
    /// Where changes are heard of.
    pub signals: Signals,
    /// Lines of apps.
    pub logs: Arc<logs::Store>,
    /// Writes them.
    pub collector: logs::Collector,
    /// Who we are.
    pub installation: Installation,
    /// Sessions of clients that are attached to something: told when the controller stops, and waited for.
    pub sessions: TaskTracker,
    /// This process, as leases know it.
    pub process: Uuid,
    /// The operator's choices.
    pub settings: Settings,
}

/// What the operator chose.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Domain under which single-label domains of apps are served, `localhost` on one machine.
    pub platform_domain: String,
    /// Who may register.
    pub registration: Registration,
    /// SHA-256 of the token that makes the first administrator.
    pub bootstrap_token_sha256: Option<[u8; 32]>,
    /// Names that no app may have.
    pub reserved_names: Vec<String>,
    /// Labels of this machine, which tags are matched against.
    pub machine_labels: BTreeMap<String, String>,
    /// Tags of apps that set none; among those labels.
    pub default_tags: BTreeMap<String, String>,
    /// New instances of a type that start at once beside the old ones.
    pub deploy_batches: u32,
    /// Seconds in which an instance must prove healthy.
    pub deploy_timeout: u32,
    /// Seconds from SIGTERM to SIGKILL.
    pub grace_period: u32,
    /// Builds of pushes that run at a time.
    pub builds: u32,
    /// Where the sources of pushes lie until they are built; none where nothing is built.
    pub sources_dir: Option<PathBuf>,
    /// The port at which apps are reached from outside.
    pub public_port: u16,
    /// Where apps' networks are cut from; none where the platform gives addresses itself.
    pub network_pool: Option<Ipv4Net>,
    /// Where apps are pushed to, as clients are told.
    pub ssh: Option<SshAddress>,
    /// SHA-256 of the key of builders that are not ours; none where there are no such.
    pub builder_key_sha256: Option<[u8; 32]>,
    /// Who is told of each release.
    pub deploy_hooks: Hooks,
    /// URLs that the lines of all apps are sent to, one a line; the file is read again as it changes.
    pub drains_file: Option<PathBuf>,
    /// Private addresses that drains of apps may lead to all the same.
    pub drain_networks: Vec<IpNet>,
}

impl Default for Settings {
    fn default() -> Self {
        let reserved = ["deis", "deis-builder", "deis-workflow-manager", "grafana", "slipway", "slipway-builder"];
        Self {
            platform_domain: "localhost".to_owned(),
            registration: Registration::AdminOnly,
            bootstrap_token_sha256: None,
            reserved_names: reserved.map(str::to_owned).to_vec(),
            machine_labels: BTreeMap::new(),
            default_tags: BTreeMap::new(),
            deploy_batches: 1,
            deploy_timeout: 120,
            grace_period: 30,
            builds: 2,
            sources_dir: None,
            public_port: 80,
            network_pool: None,
            ssh: None,
            builder_key_sha256: None,
            deploy_hooks: Hooks::default(),
            drains_file: None,
            drain_networks: Vec::new(),
        }
    }
}

/// Who may register (reference 2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registration {
    /// Anybody.
    Enabled,
    /// Nobody.
    Disabled,
    /// The first administrator, then only administrators register others.
    AdminOnly,
}

impl std::str::FromStr for Registration {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "enabled" => Ok(Self::Enabled),
            "disabled" => Ok(Self::Disabled),
            "admin_only" => Ok(Self::AdminOnly),
            _ => Err(format!("{text:?} is none of enabled, disabled, admin_only")),
        }
    }
}
