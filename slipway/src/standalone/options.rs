//! What the operator can choose for `slipway standalone`.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::PathBuf,
};

use clap::{Args, ValueEnum};
use ipnet::{IpNet, Ipv4Net};

use super::installation::Installation;
use crate::role::Defaults;

/// The port on which apps and the API are served unless another is named.
const HTTP_PORT: u16 = 80;

/// Options of `slipway standalone`.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Which installation.
    #[command(flatten)]
    pub installation: Installation,
    /// Apps answer at <app>.DOMAIN, the API at slipway.DOMAIN. Names under localhost need no DNS
    #[arg(long, env = "SLIPWAY_DOMAIN", default_value = "localhost")]
    pub domain: String,
    /// Address and port for HTTP; may be repeated. Beyond loopback, everyone who reaches the machine reaches the apps
    /// [default: `127.0.0.1:80` and `[::1]:80`]
    #[arg(long, env = "SLIPWAY_HTTP_LISTEN", value_name = "ADDRESS", value_delimiter = ',')]
    pub http_listen: Vec<SocketAddr>,
    /// Networks of proxies in front of this machine, whose X-Forwarded-For is believed; may be repeated
    #[arg(long, env = "SLIPWAY_TRUSTED_PROXIES", value_name = "NET", value_delimiter = ',')]
    pub trusted_proxy: Vec<IpNet>,
    /// Use this PostgreSQL instead of a private one (better given in the environment: it may hold a password)
    #[arg(long, env = "DATABASE_URL", value_name = "URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// The same database past a transaction pooler, for notifications and migrations
    #[arg(long, env = "DATABASE_DIRECT_URL", value_name = "URL", hide_env_values = true, requires = "database_url")]
    pub database_direct_url: Option<String>,
    /// Folder of PostgreSQL's programs [default: the newest in /usr/lib/postgresql/*/bin, else the PATH]
    #[arg(long, env = "SLIPWAY_PG_BIN", value_name = "DIR", conflicts_with = "database_url")]
    pub pg_bin: Option<PathBuf>,
    /// Socket of the container engine
    #[arg(long, env = "SLIPWAY_DOCKER_SOCKET", value_name = "PATH", default_value = "/var/run/docker.sock")]
    pub docker_socket: PathBuf,
    /// Addresses for the networks of apps, a private range that nothing else here uses [default: chosen at the first
    /// start]
    #[arg(long, env = "SLIPWAY_NETWORK_POOL", value_name = "NET")]
    pub network_pool: Option<Ipv4Net>,
    /// Who may register once there is an administrator
    #[arg(long, env = "SLIPWAY_REGISTRATION_MODE", value_parser = ["admin_only", "disabled", "enabled"])]
    #[arg(default_value = "admin_only")]
    pub registration_mode: String,
    /// Whether to keep the firewall rules that hold apps away from the host and from each other
    #[arg(long, env = "SLIPWAY_FIREWALL", value_enum, default_value_t = Switch::On)]
    pub firewall: Switch,
    /// What holds for all apps.
    #[command(flatten)]
    pub defaults: Defaults,
}

impl Options {
    /// The addresses to listen on, and whether the operator named them.
    pub fn http_addresses(&self) -> (Vec<SocketAddr>, bool) {
        if !self.http_listen.is_empty() {
            return (self.http_listen.clone(), true);
        }
        let loopback = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
        (loopback.map(|address| SocketAddr::new(address, HTTP_PORT)).to_vec(), false)
    }

    /// The port that URLs of apps and the API carry.
    pub fn http_port(&self) -> u16 {
        self.http_listen.first().map_or(HTTP_PORT, SocketAddr::port)
    }

    /// Where people find the API.
    pub fn api_url(&self) -> String {
        match self.http_port() {
            HTTP_PORT => format!("http://slipway.{}", self.domain),
            port => format!("http://slipway.{}:{port}", self.domain),
        }
    }
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// As it says.
    On,
    /// As it says.
    Off,
}
