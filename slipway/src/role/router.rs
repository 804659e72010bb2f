//! `slipway router`.

use std::{path::PathBuf, time::Duration};

use anyhow::{Result, ensure};
use clap::Args;
use ipnet::IpNet;
use router::{Config, Credential, HttpsPort, Listener, Listeners, PlatformCertificate, Protocol, TableKey};
use tokio_util::sync::CancellationToken;

use crate::inherited::Inherited;

/// Options of `slipway router`. It serves on the sockets named `http` and `https` that it inherits (`LISTEN_FDS`, `LISTEN_FDNAMES`).
#[derive(Args, Clone, Debug)]
pub struct RouterOptions {
    /// The controller's internal socket, from which routes come
    #[arg(long, value_name = "PATH")]
    internal_socket: PathBuf,
    /// File with the router's credential at the internal socket
    #[arg(long, value_name = "FILE")]
    credential_file: PathBuf,
    /// The controller's socket for the public API
    #[arg(long, value_name = "PATH")]
    api_socket: PathBuf,
    /// The API answers at slipway.DOMAIN and deis.DOMAIN
    #[arg(long)]
    domain: String,
    /// Where the last good route table is kept
    #[arg(long, value_name = "FILE")]
    table_file: PathBuf,
    /// File with the key that the table is encrypted with
    #[arg(long, value_name = "FILE")]
    table_key_file: PathBuf,
    /// Socket on which the router answers its supervisor
    #[arg(long, value_name = "PATH")]
    control_socket: PathBuf,
    /// Port of https as clients see it, to which apps that enforce it send plain requests
    #[arg(long, value_name = "PORT", default_value_t = 443)]
    https_port: u16,
    /// The platform's own certificate and its key, in PEM: for the API, and for apps under DOMAIN that have none of their own
    #[arg(long, value_name = "FILE")]
    platform_certificate_file: Option<PathBuf>,
    /// Networks of proxies whose forwarding headers are believed; may be repeated
    #[arg(long, value_name = "NET")]
    trusted_proxy: Vec<IpNet>,
    /// A setting for all apps: NAME=VALUE, see docs/router.md; may be repeated
    #[arg(long, value_name = "NAME=VALUE")]
    setting: Vec<String>,
}

/// Runs the router on the sockets it inherited.
pub async fn run(options: RouterOptions, inherited: Inherited, shutdown: CancellationToken) -> Result<()> {
    let (config, listeners) = (config(options)?, listeners(inherited)?);
    router::run(config, listeners, shutdown).await
}

/// Time between two looks at the platform's certificate.
const LOOK: Duration = Duration::from_secs(15);

fn config(options: RouterOptions) -> Result<Config> {
    let domain = options.domain.clone();
    let platform_certificate =
        options.platform_certificate_file.map(|file| PlatformCertificate { domain, file, look: LOOK });
    let mut config = Config {
        platform_certificate,
        internal_socket: Some(options.internal_socket),
        credential: Credential::new(&super::read(&options.credential_file)?),
        api_socket: Some(options.api_socket),
        api_hosts: super::API_LABELS.map(|label| format!("{label}.{}", options.domain)).to_vec(),
        table_file: Some(options.table_file),
        table_key: TableKey::from(super::read_hex(&options.table_key_file)?),
        control_socket: Some(options.control_socket),
        trusted_proxies: options.trusted_proxy,
        https_port: HttpsPort(options.https_port),
        ..Config::default()
    };
    for setting in &options.setting {
        config.set_pair(setting)?;
    }
    Ok(config)
}

fn listeners(mut inherited: Inherited) -> Result<Listeners> {
    let mut listeners = Vec::new();
    for (name, protocol) in [("http", Protocol::Http), ("https", Protocol::Https)] {
        let listener = |socket| Listener { name: name.to_owned(), protocol, socket };
        listeners.extend(inherited.tcp(name)?.into_iter().map(listener));
    }
    ensure!(
        listeners.iter().any(|listener| listener.protocol == Protocol::Http),
        "no socket named http was inherited: the router is started by `slipway standalone`"
    );
    Ok(Listeners(listeners))
}
