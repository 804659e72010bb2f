//! The builder: where applications are pushed to. The controller names it, else it stands beside the controller, where
//! Deis had it.

use std::net::{IpAddr, ToSocketAddrs};

use anyhow::Result;
use api::{
    client::{Client, Url, info},
    names::{DomainName, PublicKey},
    types::SshAddress,
};

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use sha2::{Digest, Sha256};

use crate::{context::controller_url, report::Failure};

/// The port where none is named.
const PORT: u16 = 2222;
/// What a name under `.localhost` means to everybody but the C library.
const LOCAL: &str = "127.0.0.1";
/// First labels of the names that a controller of ours answers to; its builder is named after the first.
const CONTROLLERS: [&str; 2] = ["slipway", "deis"];

/// A builder's address.
#[derive(Debug, PartialEq, Eq)]
pub struct Builder {
    host: String,
    port: u16,
    keys: Vec<PublicKey>,
}

impl Builder {
    /// The builder of the controller that `client` speaks to.
    pub async fn find(client: &Client, controller: &str) -> Result<Self> {
        match info::get(client).await?.and_then(|info| info.ssh) {
            Some(address) => Self::named(&address),
            None => Self::beside(controller),
        }
    }

    /// The one that the controller names.
    fn named(address: &SshAddress) -> Result<Self> {
        // It becomes part of URLs and of known_hosts.
        let host = match (address.host.parse::<IpAddr>(), DomainName::parse(&address.host)) {
            (Ok(IpAddr::V6(ip)), _) => format!("[{ip}]"),
            (Ok(ip), _) => ip.to_string(),
            (Err(_), Ok(name)) if !name.as_str().starts_with('*') => name.to_string(),
            _ => {
                return Err(
                    Failure::new(format!("the controller names an SSH host that is none: {}", address.host)).into()
                );
            }
        };
        // Of a type that this program does not know, one is left out: OpenSSH asks about it when it is needed.
        let keys = address.host_keys.iter().filter_map(|key| PublicKey::parse(key).ok()).collect();
        Ok(Self { host: resolvable(host), port: address.port, keys })
    }

    /// The one that a controller without `/v2/info` has.
    fn beside(controller: &str) -> Result<Self> {
        let host = resolvable(name_beside(&controller_url(controller)?));
        Ok(Self { host, port: PORT, keys: Vec::new() })
    }

    /// Host and port, as they are connected to.
    pub fn address(&self) -> (&str, u16) {
        (self.host.trim_start_matches('[').trim_end_matches(']'), self.port)
    }

    /// Where an app is pushed to.
    pub fn remote(&self, app: &str) -> String {
        format!("ssh://git@{}:{}/{app}.git", self.host, self.port)
    }

    /// The host as OpenSSH's `known_hosts` has it.
    pub fn known_as(&self) -> String {
        let (host, _) = self.address();
        if self.port == 22 { host.to_owned() } else { format!("[{host}]:{}", self.port) }
    }

    /// The keys that the host shows, without comments; none where the controller does not tell.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(PublicKey::without_comment)
    }

    /// Their fingerprints, as OpenSSH shows them.
    pub fn fingerprints(&self) -> Vec<String> {
        self.keys.iter().map(fingerprint).collect()
    }
}

fn fingerprint(key: &PublicKey) -> String {
    format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::digest(key.blob())))
}

/// Every host that a remote of this controller's builder may name, the one beside it first.
pub fn hosts(controller: &str) -> Result<Vec<String>> {
    let first = name_beside(&controller_url(controller)?);
    let domain = first.split_once("-builder.").map(|(_, domain)| domain.to_owned());
    let mut hosts = vec![first];
    if let Some(domain) = domain {
        hosts.extend(CONTROLLERS.iter().map(|label| format!("{label}-builder.{domain}")));
        hosts.extend(is_local(&domain).then(|| LOCAL.to_owned()));
    }
    Ok(hosts)
}

/// `deis.example.com` has its builder at `deis-builder.example.com`; an address has it at itself.
fn name_beside(controller: &Url) -> String {
    let host = controller.host_str().unwrap_or_default();
    let is_address = host.starts_with('[') || host.parse::<std::net::Ipv4Addr>().is_ok();
    match host.split_once('.') {
        _ if is_address => host.to_owned(),
        Some((first, rest)) => format!("{first}-builder.{rest}"),
        None => format!("{host}-builder"),
    }
}

/// The address in place of a name under `.localhost` that OpenSSH could not look up.
fn resolvable(host: String) -> String {
    let unknown = is_local(&host) && (host.as_str(), PORT).to_socket_addrs().is_err();
    if unknown { LOCAL.to_owned() } else { host }
}

fn is_local(host: &str) -> bool {
    host == "localhost" || host.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::{Builder, hosts, name_beside};
    use crate::context::controller_url;
    use api::types::SshAddress;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBaAO7aWZ5CMXtVMrQP3AAbalcjOdTV5K9q5X3kF1Kb0";

    #[test]
    fn builders_stand_beside_controllers() {
        for (controller, builder) in [
            ("http://deis.example.com:8080", "deis-builder.example.com"),
            ("http://slipway.localhost", "slipway-builder.localhost"),
            ("http://controller", "controller-builder"),
            ("http://127.0.0.1:80", "127.0.0.1"),
            ("http://[::1]", "[::1]"),
        ] {
            assert_eq!(name_beside(&controller_url(controller).unwrap()), builder);
        }
        let builder = Builder::beside("https://deis.example.com").unwrap();
        assert_eq!(builder.remote("blog"), "ssh://git@deis-builder.example.com:2222/blog.git");
    }

    #[test]
    fn a_builder_has_several_names() {
        assert_eq!(hosts("http://127.0.0.1").unwrap(), ["127.0.0.1"]);
        let all = ["deis-builder.localhost", "slipway-builder.localhost", "deis-builder.localhost", "127.0.0.1"];
        assert_eq!(hosts("http://deis.localhost").unwrap(), all);
        assert_eq!(hosts("http://deis.a.example").unwrap()[1], "slipway-builder.a.example");
    }

    #[test]
    fn controllers_name_a_host_a_port_and_keys() {
        let named = |host: &str, port| {
            let host_keys = vec![format!("{KEY} root@host"), "junk".to_owned(), format!("@cert-authority * {KEY}")];
            Builder::named(&SshAddress { host: host.to_owned(), port, host_keys })
        };
        let builder = named("builder.example.com", 2200).unwrap();
        assert_eq!(builder.remote("blog"), "ssh://git@builder.example.com:2200/blog.git");
        assert_eq!(builder.known_as(), "[builder.example.com]:2200");
        assert_eq!(builder.keys().collect::<Vec<_>>(), [KEY]);
        assert_eq!(named("builder.example.com", 22).unwrap().known_as(), "builder.example.com");
        let builder = named("::1", 2222).unwrap();
        assert_eq!(
            (builder.remote("a").as_str(), builder.known_as().as_str()),
            ("ssh://git@[::1]:2222/a.git", "[::1]:2222")
        );
        for bad in ["", "a b", "*.example.com", "a/b", "a\n", "-oProxyCommand=id"] {
            assert!(named(bad, 2222).is_err(), "{bad:?}");
        }
    }
}
