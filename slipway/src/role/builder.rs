//! `slipway builder`.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use builder::{Config, Timeouts};
use clap::Args;
use tokio_util::sync::CancellationToken;

use super::PushLimits;
use crate::inherited::Inherited;

/// Options of `slipway builder`. It serves on the sockets named `ssh` that it inherits (`LISTEN_FDS`, `LISTEN_FDNAMES`).
#[derive(Args, Clone, Debug)]
pub struct BuilderOptions {
    /// The controller's internal socket, which decides whose keys may push what
    #[arg(long, value_name = "PATH")]
    internal_socket: PathBuf,
    /// File with the builder's credential at the internal socket
    #[arg(long, value_name = "FILE")]
    credential_file: PathBuf,
    /// Where the repositories of apps are kept; without them the next push sends everything
    #[arg(long, value_name = "DIR")]
    repositories: PathBuf,
    /// Where the keys lie by which SSH clients know this host; made when missing
    #[arg(long, value_name = "DIR")]
    host_keys: PathBuf,
    /// What holds for all pushes.
    #[command(flatten)]
    pushes: PushLimits,
}

/// Runs the builder on the sockets it inherited.
pub async fn run(options: BuilderOptions, mut inherited: Inherited, shutdown: CancellationToken) -> Result<()> {
    let sockets = inherited.tcp("ssh")?;
    ensure!(!sockets.is_empty(), "no socket named ssh was inherited: the builder is started by `slipway standalone`");
    builder::run(config(options), sockets, shutdown).await
}

fn config(options: BuilderOptions) -> Config {
    Config {
        internal_socket: options.internal_socket,
        credential_file: options.credential_file,
        repositories: options.repositories,
        host_keys: options.host_keys,
        ecdsa: options.pushes.ecdsa_host_key,
        // This program is the hook, too, when git starts it by the hook's name. Not by the name that it was installed by,
        // which leads to another one after an upgrade.
        hook: PathBuf::from(format!("/proc/{}/exe", std::process::id())),
        limits: options.pushes.limits(),
        timeouts: Timeouts::default(),
    }
}
