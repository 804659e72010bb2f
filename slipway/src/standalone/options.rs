//! What the operator can choose for `slipway standalone`.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4},
    path::PathBuf,
};

use clap::{Args, ValueEnum, value_parser};
use ipnet::{IpNet, Ipv4Net};
use router::{Config, SettingError};

use super::{certificate::CertificateOptions, installation::Installation, sockets::Addresses};
use crate::role::{Defaults, HookOptions, PushLimits, memory};

/// The port on which apps and the API are served unless another is named.
const HTTP_PORT: u16 = 80;
/// The same for pushes.
const SSH_PORT: u16 = 2222;

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
    /// Address and port for HTTPS; may be repeated. Served are the domains that a certificate is attached to (`mycli certs`), and
    /// what --platform-certificate is for [default: none]
    #[arg(long, env = "SLIPWAY_HTTPS_LISTEN", value_name = "ADDRESS", value_delimiter = ',')]
    pub https_listen: Vec<SocketAddr>,
    /// What the API and apps under DOMAIN are served with over HTTPS.
    #[command(flatten)]
    pub certificate: CertificateOptions,
    /// Networks of proxies in front of this machine, whose X-Forwarded-For is believed; may be repeated
    #[arg(long, env = "SLIPWAY_TRUSTED_PROXIES", value_name = "NET", value_delimiter = ',')]
    pub trusted_proxy: Vec<IpNet>,
    /// A setting of the router, for all apps: NAME=VALUE, see docs/router.md; may be repeated
    #[arg(long, env = "SLIPWAY_ROUTER_SETTINGS", value_name = "NAME=VALUE", value_delimiter = ';', value_parser = setting)]
    pub router_setting: Vec<String>,
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
    /// Where pushes go.
    #[command(flatten)]
    pub pushes: PushOptions,
    /// What builds may use.
    #[command(flatten)]
    pub builds: BuildOptions,
    /// What holds for all apps.
    #[command(flatten)]
    pub defaults: Defaults,
    /// Who is told of releases.
    #[command(flatten)]
    pub hooks: HookOptions,
    /// Be tried out by the supervisor that started this one, which watches over it; seconds that each part may take
    #[arg(long, value_name = "SECONDS", hide = true)]
    pub trial: Option<u64>,
}

impl Options {
    /// The addresses to listen on for HTTP.
    pub fn http_addresses(&self) -> Addresses {
        addresses(&self.http_listen, HTTP_PORT)
    }

    /// The addresses to listen on for HTTPS.
    pub fn https_addresses(&self) -> Addresses {
        Addresses { all: self.https_listen.clone(), named: true }
    }

    /// The port of https, where there is one.
    pub fn https_port(&self) -> Option<u16> {
        self.https_listen.first().map(SocketAddr::port)
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

/// One that the router would take.
fn setting(pair: &str) -> Result<String, SettingError> {
    Config::default().set_pair(pair)?;
    Ok(pair.trim().to_owned())
}

/// Those that were named, or loopback.
fn addresses(named: &[SocketAddr], port: u16) -> Addresses {
    let loopback = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    match named {
        [] => Addresses { all: loopback.map(|address| SocketAddr::new(address, port)).into(), named: false },
        named => Addresses { all: named.to_vec(), named: true },
    }
}

/// Options about the way of a push. Without the programs that it needs there are no pushes, and `slipway status` says so.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Pushes")]
pub struct PushOptions {
    /// Address and port for git over SSH; may be repeated [default: `127.0.0.1:2222` and `[::1]:2222`]
    #[arg(long, env = "SLIPWAY_SSH_LISTEN", value_name = "ADDRESS", value_delimiter = ',')]
    pub ssh_listen: Vec<SocketAddr>,
    /// Address and port of the private registry, on loopback: only this machine's engine uses it
    #[arg(long, env = "SLIPWAY_REGISTRY_LISTEN", value_name = "ADDRESS", value_parser = loopback)]
    #[arg(default_value = "127.0.0.1:5055")]
    pub registry_listen: SocketAddrV4,
    /// The registry's program, Debian's docker-registry [default: on the PATH]
    #[arg(long, env = "SLIPWAY_REGISTRY_BIN", value_name = "FILE")]
    pub registry_bin: Option<PathBuf>,
    /// What they may bring.
    #[command(flatten)]
    pub limits: PushLimits,
}

impl PushOptions {
    /// The addresses to listen on for SSH.
    pub fn ssh_addresses(&self) -> Addresses {
        addresses(&self.ssh_listen, SSH_PORT)
    }

    /// The port to which people push.
    pub fn ssh_port(&self) -> u16 {
        self.ssh_listen.first().map_or(SSH_PORT, SocketAddr::port)
    }
}

/// Bounds of builds, each of which holds for one build unless it says otherwise.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Builds")]
pub struct BuildOptions {
    /// Builds at a time, of all apps together
    #[arg(long, env = "SLIPWAY_BUILDS", value_name = "COUNT", default_value_t = 2)]
    #[arg(value_parser = value_parser!(u32).range(1..))]
    pub builds: u32,
    /// Memory of a build
    #[arg(long, env = "SLIPWAY_BUILD_MEMORY", value_name = "AMOUNT", default_value = "2G", value_parser = memory)]
    pub build_memory: u64,
    /// Processors that a build may fill, when apps leave them idle
    #[arg(long, env = "SLIPWAY_BUILD_CPUS", value_name = "NUMBER", default_value = "1.0", value_parser = processors)]
    pub build_cpus: f64,
    /// Seconds after which a build is ended
    #[arg(long, env = "SLIPWAY_BUILD_TIMEOUT", value_name = "SECONDS", default_value_t = 900)]
    #[arg(value_parser = value_parser!(u32).range(1..))]
    pub build_timeout: u32,
    /// Processes and threads of a build at once
    #[arg(long, env = "SLIPWAY_BUILD_PROCESSES", value_name = "COUNT", default_value_t = 512)]
    #[arg(value_parser = value_parser!(u32).range(16..))]
    pub build_processes: u32,
    /// What a build may write to disk
    #[arg(long, env = "SLIPWAY_BUILD_DISK", value_name = "AMOUNT", default_value = "5G", value_parser = memory)]
    pub build_disk: u64,
    /// What the caches of all apps' builds may take together; the oldest go first
    #[arg(long, env = "SLIPWAY_BUILD_CACHE_DISK", value_name = "AMOUNT", default_value = "10G", value_parser = memory)]
    pub build_cache_disk: u64,
    /// Image in which buildpacks run and on which their apps stand
    #[arg(long, env = "SLIPWAY_STACK_IMAGE", value_name = "IMAGE", default_value = "slipway-stack")]
    pub stack_image: String,
    /// Folder of buildpacks beside those that come with the platform
    #[arg(long, env = "SLIPWAY_BUILDPACKS", value_name = "DIR")]
    pub buildpacks: Option<PathBuf>,
}

/// An address of this machine alone.
fn loopback(text: &str) -> Result<SocketAddrV4, String> {
    let address: SocketAddrV4 = text.parse().map_err(|_| "an address is like 127.0.0.1:5055".to_owned())?;
    if address.ip().is_loopback() && address.port() != 0 {
        return Ok(address);
    }
    Err("the private registry must be on loopback, out of everybody's reach, as in 127.0.0.1:5055".to_owned())
}

/// A part or a multiple of a processor.
fn processors(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number| (0.01..=1024.0).contains(number));
    number.ok_or_else(|| "a number of processors is like 0.5 or 2".to_owned())
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// As it says.
    On,
    /// As it says.
    Off,
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        options: Options,
    }

    fn parse(line: &str) -> Result<Options, String> {
        let command = Command::try_parse_from(["slipway"].into_iter().chain(line.split_whitespace()));
        command.map(|command| command.options).map_err(|error| error.to_string())
    }

    #[test]
    fn pushes_and_builds_have_modest_defaults() {
        let options = parse("").unwrap();
        let addresses = options.pushes.ssh_addresses().all.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(addresses, ["127.0.0.1:2222", "[::1]:2222"]);
        insta::assert_debug_snapshot!(options.builds, @r#"
        BuildOptions {
            builds: 2,
            build_memory: 2147483648,
            build_cpus: 1.0,
            build_timeout: 900,
            build_processes: 512,
            build_disk: 5368709120,
            build_cache_disk: 10737418240,
            stack_image: "slipway-stack",
            buildpacks: None,
        }
        "#);
    }

    #[test]
    fn a_registry_within_reach_of_others_is_refused() {
        let refused = |line: &str| parse(line).unwrap_err().lines().next().unwrap_or_default().to_owned();
        let lines = ["--registry-listen 0.0.0.0:5055", "--registry-listen 127.0.0.1", "--build-cpus 0"];
        insta::assert_snapshot!(lines.map(refused).join("\n"), @"
        error: invalid value '0.0.0.0:5055' for '--registry-listen <ADDRESS>': the private registry must be on loopback, out of everybody's reach, as in 127.0.0.1:5055
        error: invalid value '127.0.0.1' for '--registry-listen <ADDRESS>': an address is like 127.0.0.1:5055
        error: invalid value '0' for '--build-cpus <NUMBER>': a number of processors is like 0.5 or 2
        ");
    }
}
