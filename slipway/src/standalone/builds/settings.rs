//! What builds on this machine may use, and where everything lies.

use std::{
    collections::BTreeMap,
    fmt,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::garbage::Collector;
use crate::standalone::{
    options::{BuildOptions, Options, Switch},
    pool, secrets,
    setup::Setup,
};

/// Everything that server and runner need.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Settings {
    /// This program.
    pub program: PathBuf,
    /// Folder of records and caches. Root's, and passable (0711): users of sandboxes go through it.
    pub builds: PathBuf,
    /// The shared store of stack images; passable too.
    pub stacks: PathBuf,
    /// Where the controller puts sources, `<build>.tar`.
    pub sources: PathBuf,
    /// Folder for what does not outlive a reboot.
    pub run: PathBuf,
    /// Where the controller asks.
    pub socket: PathBuf,
    /// The group that may ask.
    pub group: u32,
    /// The addresses of builds.
    pub subnet: Ipv4Net,
    /// Whether builds have a network: not where no rules would hold them.
    pub connected: bool,
    /// Name servers that a sandbox can reach.
    pub name_servers: Vec<IpAddr>,
    /// The private registry, as this machine reaches it and as images name it.
    pub registry: SocketAddr,
    /// Folder of the registry's data.
    pub registry_data: PathBuf,
    /// The registry's credential.
    pub credential: Credential,
    /// What removes layers that no image needs from the registry.
    pub collector: Option<Collector>,
    /// Proxy settings of the machine.
    pub proxy: BTreeMap<String, String>,
    /// The image in which buildpacks run.
    pub stack: String,
    /// Buildpacks of the operator.
    pub buildpacks: Option<PathBuf>,
    /// What a build may use.
    pub limits: Limits,
}

/// What one build may use.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// Bytes of memory, swap included.
    pub memory: u64,
    /// Processors.
    pub cpus: f64,
    /// Processes and threads.
    pub processes: u32,
    /// Seconds.
    pub seconds: u64,
    /// Bytes on disk.
    pub disk: u64,
    /// Bytes on disk of all caches together.
    pub cache_disk: u64,
}

/// A login of the registry.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Credential {
    /// Name.
    pub user: String,
    /// Password.
    pub password: String,
}

impl Credential {
    /// Reads the file with one line, `<name>:<password>`.
    fn read(path: &Path) -> Result<Self> {
        let line = secrets::read(path)?;
        let (user, password) = line.split_once(':').with_context(|| format!("{} is damaged", path.display()))?;
        Ok(Self { user: user.to_owned(), password: password.to_owned() })
    }
}

impl From<&BuildOptions> for Limits {
    fn from(options: &BuildOptions) -> Self {
        Self {
            memory: options.build_memory,
            cpus: options.build_cpus,
            processes: options.build_processes,
            seconds: options.build_timeout.into(),
            disk: options.build_disk,
            cache_disk: options.build_cache_disk,
        }
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential").field("user", &self.user).finish_non_exhaustive()
    }
}

impl Settings {
    /// What the operator chose, and where this installation is.
    pub fn of(options: &Options, setup: &Setup, program: &Path) -> Result<Self> {
        let (paths, builds) = (&setup.paths, &options.builds);
        Ok(Self {
            program: program.to_owned(),
            builds: paths.builds(),
            stacks: paths.stacks(),
            sources: paths.sources(),
            run: paths.builds_run(),
            socket: paths.builds_socket(),
            group: setup.accounts.controller.gid,
            subnet: setup.builds,
            connected: options.firewall == Switch::On,
            name_servers: pool::name_servers(),
            registry: options.pushes.registry_listen.into(),
            registry_data: paths.registry(),
            credential: Credential::read(&paths.registry_credential())?,
            collector: setup
                .pushes
                .registry()
                .map(|program| Collector::new(program, paths.registry_settings(), &setup.accounts.registry)),
            proxy: proxy(),
            stack: builds.stack_image.clone(),
            buildpacks: builds.buildpacks.clone(),
            limits: Limits::from(builds),
        })
    }

    /// The folder of an app's store and cache.
    pub fn app(&self, app: Uuid) -> PathBuf {
        self.apps().join(app.to_string())
    }

    /// The folder of all of them.
    pub fn apps(&self) -> PathBuf {
        self.builds.join("apps")
    }

    /// State of `runc`.
    pub fn runc(&self) -> PathBuf {
        self.run.join("runc")
    }

    /// An app's repository in the registry.
    pub fn repository(app: Uuid) -> String {
        format!("app-{}", app.simple())
    }
}

/// Proxy settings in this process's environment.
pub fn proxy() -> BTreeMap<String, String> {
    let names = ["http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"];
    names.iter().filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?))).collect()
}
