//! Keeps the firewall rules, for as long as the supervisor lives.

use std::time::Duration;

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
pub async fn keep(options: &Options, wanted: &Wanted) -> watch::Receiver<control::Firewall> {
    let (sender, state) = watch::channel(control::Firewall::Off);
    if options.firewall == Switch::On {
        let prefix = options.installation.name.as_str().to_owned();
        let router_ports = public_ports(wanted);
        look(&sender, &prefix, &router_ports).await;
        tokio::spawn(async move {
            while !sender.is_closed() {
                tokio::time::sleep(PERIOD).await;
                look(&sender, &prefix, &router_ports).await;
            }
        });
    }
    state
}

/// Ports of the router that are not on loopback.
fn public_ports(wanted: &Wanted) -> Vec<u16> {
    let public = wanted.addresses.iter().filter(|address| !address.ip().is_loopback());
    let mut ports: Vec<_> = public.map(std::net::SocketAddr::port).collect();
    ports.sort_unstable();
    ports.dedup();
    ports
}

async fn look(state: &watch::Sender<control::Firewall>, prefix: &str, router_ports: &[u16]) {
    let policy = Policy { router_ports: router_ports.to_vec(), name_servers: pool::name_servers() };
    let firewall = Firewall { prefix: prefix.to_owned(), policy };
    let result = tokio::task::spawn_blocking(move || firewall.assert()).await;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ports_beyond_loopback_are_opened() {
        let addresses = ["127.0.0.1:80", "[::1]:80", "0.0.0.0:8080", "[::]:8080", "192.0.2.1:443"];
        let addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
        assert_eq!(public_ports(&Wanted { addresses, named: true }), [443, 8080]);
    }
}
