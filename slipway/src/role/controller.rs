//! `slipway controller`.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, Result};
use clap::Args;
use controller::{
    Config, Listeners, PlatformMaker,
    platform::docker::{self, PrivateRegistry},
    state::{Registration, Settings},
};
use ipnet::Ipv4Net;
use tokio_util::sync::CancellationToken;

use super::{Defaults, HookOptions, ssh};
use crate::inherited::Inherited;

/// Options of `slipway controller`. It serves on the sockets named `api` and `internal` that it inherits (`LISTEN_FDS`,
/// `LISTEN_FDNAMES`).
#[derive(Args, Clone, Debug)]
pub struct ControllerOptions {
    /// The database (give it in the environment: it may hold a password)
    #[arg(long, env = "DATABASE_URL", value_name = "URL", hide_env_values = true)]
    database_url: String,
    /// The same database past a transaction pooler, for notifications and migrations
    #[arg(long, env = "DATABASE_DIRECT_URL", value_name = "URL", hide_env_values = true)]
    database_direct_url: Option<String>,
    /// The key of encryption at rest
    #[arg(long, value_name = "FILE")]
    key_file: PathBuf,
    /// Hashes of the components' credentials
    #[arg(long, value_name = "FILE")]
    components_file: PathBuf,
    /// Hash of the token that makes the first administrator
    #[arg(long, value_name = "FILE")]
    bootstrap_token_hash_file: PathBuf,
    /// Hash of the key that builders other than ours show at /v2/hooks; without it there are none
    #[arg(long, value_name = "FILE")]
    builder_key_hash_file: Option<PathBuf>,
    /// Apps are pushed to this port of slipway-builder.DOMAIN
    #[arg(long, value_name = "PORT")]
    ssh_port: Option<u16>,
    /// The public host keys of that server, as *.pub
    #[arg(long, value_name = "DIR", requires = "ssh_port")]
    ssh_host_keys: Option<PathBuf>,
    /// URLs that the lines of all apps are sent to, one a line; read again as it changes
    #[arg(long, value_name = "FILE")]
    drains_file: Option<PathBuf>,
    /// Where lines of apps are kept
    #[arg(long, value_name = "DIR")]
    logs_dir: PathBuf,
    /// Apps answer at <app>.DOMAIN
    #[arg(long)]
    domain: String,
    /// Who may register
    #[arg(long, value_name = "MODE")]
    registration_mode: Registration,
    /// Socket of the container engine
    #[arg(long, value_name = "PATH")]
    docker_socket: PathBuf,
    /// Where builds of pushes are asked for [default: nothing is built]
    #[arg(long, value_name = "PATH", requires_all = ["sources_dir", "registry"])]
    builds_socket: Option<PathBuf>,
    /// Where the sources of pushes lie until they are built
    #[arg(long, value_name = "DIR")]
    sources_dir: Option<PathBuf>,
    /// The registry that builds push to
    #[arg(long, value_name = "ADDRESS", requires = "registry_credential_file")]
    registry: Option<SocketAddr>,
    /// Who we are there: <user>:<password>
    #[arg(long, value_name = "FILE")]
    registry_credential_file: Option<PathBuf>,
    /// Builds that run at a time
    #[arg(long, value_name = "COUNT", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..))]
    builds: u32,
    /// The port at which apps are reached from outside
    #[arg(long, value_name = "PORT", default_value_t = 80)]
    public_port: u16,
    /// Addresses that the networks of apps are cut from
    #[arg(long, value_name = "NET")]
    network_pool: Ipv4Net,
    #[command(flatten)]
    defaults: Defaults,
    #[command(flatten)]
    hooks: HookOptions,
}

/// Runs the controller on the sockets it inherited.
pub async fn run(options: ControllerOptions, mut inherited: Inherited, shutdown: CancellationToken) -> Result<()> {
    let listeners = Listeners { api: inherited.unix("api")?, internal: inherited.unix("internal")? };
    controller::run(config(options)?, listeners, shutdown).await
}

fn config(options: ControllerOptions) -> Result<Config> {
    options.defaults.check()?;
    let ssh = options.ssh_port.map(|port| ssh::address(&options.domain, port, options.ssh_host_keys.as_deref()));
    let docker = docker(&options)?;
    let settings = Settings {
        ssh: ssh.transpose()?,
        builder_key_sha256: options.builder_key_hash_file.as_deref().map(super::read_hex).transpose()?,
        platform_domain: options.domain,
        registration: options.registration_mode,
        bootstrap_token_sha256: Some(super::read_hex(&options.bootstrap_token_hash_file)?),
        network_pool: Some(options.network_pool),
        builds: options.builds,
        sources_dir: options.builds_socket.and(options.sources_dir),
        public_port: options.public_port,
        deploy_hooks: options.hooks.hooks()?,
        drains_file: options.drains_file,
        ..options.defaults.settings()
    };
    Ok(Config {
        database_url: options.database_url,
        direct_database_url: options.database_direct_url,
        key_file: options.key_file,
        components_file: options.components_file,
        logs_dir: options.logs_dir,
        settings,
        platform: docker,
    })
}

fn docker(options: &ControllerOptions) -> Result<PlatformMaker> {
    let (socket, default_memory) = (options.docker_socket.clone(), options.defaults.default_memory);
    let builds_socket = options.builds_socket.clone();
    let private_registry = match (options.registry, &options.registry_credential_file) {
        (Some(address), Some(file)) => Some(private_registry(address, file)?),
        _ => None,
    };
    Ok(Box::new(move |installation| {
        let defaults = docker::Config::new(installation);
        let config = docker::Config { socket, default_memory, private_registry, builds_socket, ..defaults };
        Ok(Arc::new(docker::Docker::connect(config)))
    }))
}

fn private_registry(address: SocketAddr, file: &Path) -> Result<PrivateRegistry> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let (username, password) = text
        .trim_end()
        .split_once(':')
        .filter(|(username, password)| !username.is_empty() && !password.is_empty())
        .with_context(|| format!("{} does not hold <user>:<password>", file.display()))?;
    Ok(PrivateRegistry { address, username: username.to_owned(), password: password.to_owned() })
}
