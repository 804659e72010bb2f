//! Host names to addresses, with the names under `localhost` answered here.
//!
//! RFC 6761 says that `*.localhost` is this machine; browsers and curl know that, the C library's resolver does not.

use std::{
    iter,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// The system's resolver, except for names under `localhost`.
pub(super) struct Resolver;

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            if is_localhost(name.as_str()) {
                return Ok(loopback());
            }
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            Ok(Box::new(found.collect::<Vec<_>>().into_iter()) as Addrs)
        })
    }
}

/// True for `localhost` and every name under it.
pub(super) fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

fn loopback() -> Addrs {
    let v4 = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let v6 = SocketAddr::from((Ipv6Addr::LOCALHOST, 0));
    Box::new(iter::once(v4).chain(iter::once(v6)))
}

#[cfg(test)]
mod tests {
    use super::is_localhost;

    #[test]
    fn names_under_localhost() {
        for name in ["localhost", "slipway.localhost", "A.LocalHost.", "a.b.localhost"] {
            assert!(is_localhost(name), "{name}");
        }
        for name in ["localhost.example", "notlocalhost", "example", ""] {
            assert!(!is_localhost(name), "{name}");
        }
    }
}
