//! Names that no app may pull: our own tags, and our own registry under any spelling.

use std::net::SocketAddr;

use api::names::ImageName;
use tokio::net::lookup_host;

use super::{Shared, keep};
use crate::platform::Error;

/// A registry without a port speaks HTTPS.
const HTTPS: u16 = 443;

pub(super) async fn ours(shared: &Shared, image: &ImageName) -> Result<(), Error> {
    let tag_of_ours = familiar(image.repository()).starts_with(keep::PREFIX);
    let registry_of_ours = match (&shared.config.private_registry, image.registry()) {
        (Some(private), Some(named)) => leads_to(named, private.address).await,
        _ => false,
    };
    if tag_of_ours || registry_of_ours {
        return Err(Error::Rejected(format!("{image} is a name that Slipway keeps for itself")));
    }
    Ok(())
}

/// A repository without the parts that may be left out, and without its digest.
pub(super) fn familiar(name: &str) -> &str {
    let repository = name.split_once('@').map_or(name, |(repository, _)| repository);
    let hub = ["docker.io/", "index.docker.io/"].into_iter().find_map(|hub| repository.strip_prefix(hub));
    let repository = hub.unwrap_or(repository);
    repository.strip_prefix("library/").unwrap_or(repository)
}

/// Every spelling of an address resolves to it: `localhost`, `127.1`, a name that somebody points at this machine.
async fn leads_to(named: &str, private: SocketAddr) -> bool {
    let (host, port) = match named.split_once(':') {
        Some((host, port)) => (host, port.parse().unwrap_or(HTTPS)),
        None => (named, HTTPS),
    };
    if port != private.port() {
        return false;
    }
    let Ok(mut addresses) = lookup_host((host, port)).await else { return false };
    addresses.any(|address| address.ip() == private.ip() || (private.ip().is_loopback() && address.ip().is_loopback()))
}

#[cfg(test)]
mod tests {
    use super::{familiar, leads_to};

    #[test]
    fn docker_hub_has_several_spellings() {
        for name in ["blog", "library/blog", "docker.io/blog", "index.docker.io/library/blog", "blog@sha256:1"] {
            assert_eq!(familiar(name), "blog");
        }
        assert_eq!(familiar("registry.example/library/blog"), "registry.example/library/blog");
    }

    #[tokio::test]
    async fn every_spelling_of_our_registry_is_known() {
        let private = "127.0.0.1:5000".parse().unwrap();
        for spelling in ["127.0.0.1:5000", "localhost:5000", "127.1:5000", "127.0.0.2:5000", "LOCALHOST:5000"] {
            assert!(leads_to(spelling, private).await, "{spelling}");
        }
        for other in ["127.0.0.1:5001", "127.0.0.1", "192.0.2.7:5000"] {
            assert!(!leads_to(other, private).await, "{other}");
        }
    }
}
