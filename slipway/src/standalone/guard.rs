//! Keeps the firewall rules, for as long as the supervisor lives.

use std::time::Duration;

use anyhow::Result;
use ipnet::Ipv4Net;
use tokio::sync::watch;

use super::{
    control,
    firewall::{Firewall, Policy},
    options::{Options, Switch},
    pool,
    sockets::Wanted,
};

/// Time between two looks at the rules: the longest that a rule which somebody flushed can be missing.
const PERIOD: Duration = Duration::from_secs(5);

/// Starts keeping the rules; the receiver tells how they are. The first look has been taken when it returns.
pub async fn keep(options: &Options, wanted: &Wanted, builds: Ipv4Net) -> watch::Receiver<control::Firewall> {
    let (sender, state) = watch::channel(control::Firewall::Off);
    if options.firewall == Switch::On {
        let prefix = options.installation.name.as_str().to_owned();
        let router_ports = public_ports(wanted);
        look(&sender, &prefix, &router_ports, builds).await;
        tokio::spawn(async move {
            while !sender.is_closed() {
                tokio::time::sleep(PERIOD).await;
                look(&sender, &prefix, &router_ports, builds).await;
            }
        });
    }
    state
}

/// Ports of the router that are not on loopback.
fn public_ports(wanted: &Wanted) -> Vec<u16> {
    let public = wanted.http.all.iter().chain(&wanted.https.all).filter(|address| !address.ip().is_loopback());
    let mut ports: Vec<_> = public.map(std::net::SocketAddr::port).collect();
    ports.sort_unstable();
    ports.dedup();
    ports
}

async fn look(state: &watch::Sender<control::Firewall>, prefix: &str, router_ports: &[u16], builds: Ipv4Net) {
    let (prefix, router_ports) = (prefix.to_owned(), router_ports.to_vec());
    let result = tokio::task::spawn_blocking(move || assert(prefix, router_ports, builds)).await;
    let new = match result.map_err(anyhow::Error::from).flatten() {
        Ok(changed) => {
            if changed {
                tracing::info!("wrote the firewall rules");
            }
            control::Firewall::Kept
        }
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "the firewall rules are not as they should be");
            control::Firewall::Broken { reason: format!("{error:#}") }
        }
    };
    state.send_replace(new);
}

/// Name servers and interfaces may have changed since the last look.
fn assert(prefix: String, router_ports: Vec<u16>, builds: Ipv4Net) -> Result<bool> {
    let (name_servers, uplinks) = (pool::name_servers(), pool::uplinks()?);
    Firewall { prefix, policy: Policy { router_ports, name_servers, builds, uplinks } }.assert()
}

#[cfg(test)]
mod tests {
    use super::{super::sockets::Addresses, *};

    #[test]
    fn only_ports_beyond_loopback_are_opened() {
        let addresses = ["127.0.0.1:80", "[::1]:80", "0.0.0.0:8080", "[::]:8080", "192.0.2.1:443"];
        let addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
        let http = Addresses { all: addresses, named: true };
        assert_eq!(public_ports(&Wanted { http, https: Addresses::default(), ssh: Addresses::default() }), [443, 8080]);
    }
}
